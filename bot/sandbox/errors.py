"""Errors that keep the sandbox from opening."""

import errno


class SandboxError(Exception):
    """The sandbox cannot open. The message is a sentence for the terminal, without its full stop."""


def cannot_listen(host: str, port: int, error: OSError | OverflowError) -> SandboxError:
    if isinstance(error, OverflowError):
        return SandboxError(f"the port is {port}, but must be from 0 to 65535")
    if error.errno == errno.EADDRINUSE:
        return SandboxError(f"port {port} is in use: close what uses it, or name another one with --port")
    return SandboxError(f"cannot listen on {host}, port {port}: {error.strerror}")
