"""Display options of an order."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """The member's choice of how the result is shown."""

    hidden: bool = False
    """Only the member sees the message."""
    spoiler: bool = False
    """The pictures stay covered until somebody clicks them."""
    direct: bool = False
    """The result arrives by direct message, and the channel only shows that it is done."""


DEFAULT = DisplayOptions()
