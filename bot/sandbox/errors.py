"""What keeps the sandbox from opening."""


class SandboxError(Exception):
    """The message is one sentence for the person at the terminal, without its full stop."""
