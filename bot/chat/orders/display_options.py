"""How a member wants the result of an order to be shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    hidden: bool = False
    """Only the member sees the message."""
    spoiler: bool = False
    """The pictures stay covered until somebody clicks on them."""
    direct: bool = False
    """The result comes by direct message, and the channel only reads that it is done."""


DEFAULT = DisplayOptions()
