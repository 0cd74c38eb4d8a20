"""How the end of a job reached its member."""

from enum import StrEnum


class Delivery(StrEnum):
    EDITED = "edited"
    """The message of the job shows it."""
    REPLIED = "replied"
    """A new message in the same channel shows it."""
    DIRECT = "direct"
    """A direct message shows it."""
    AWAITED = "awaited"
    """Nobody sees it before a moderator has: when one decides, it is told once more."""
    KEPT = "kept"
    """Nothing could show it: it waits until the member asks for it."""
    GONE = "gone"
    """Its message, channel or server was taken away, so it is shown nowhere else either."""
