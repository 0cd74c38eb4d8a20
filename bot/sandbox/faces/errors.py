"""Errors that end a rendering early.

Exception
├── CannotSwap   the person who ordered can fix the cause
└── RenderCancelled   nobody waits for the result
"""


class CannotSwap(Exception):
    """The order cannot be rendered. The message is a sentence for the person who ordered."""


class RenderCancelled(Exception):
    """The caller cancelled the order."""
