"""Display options of an order."""

from dataclasses import dataclass, replace
from typing import Self

from bot.jobs.job import Place
from bot.ledger.server_rules import OrderDefaults


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """The member's choice of how the result is shown; None leaves it to the server's defaults."""

    hidden: bool | None = None
    """Only the member sees the message."""
    spoiler: bool | None = None
    """The pictures stay covered until somebody clicks them."""
    direct: bool = False
    """The result arrives by direct message, and the channel only shows that it is done."""
    gif_loops: int | None = None
    """Number of times that a video is played as a GIF, 0 for ever; None shows it as a video."""

    @classmethod
    def of(cls, place: Place) -> Self:
        """The choice of an earlier order."""
        return cls(
            hidden=place.hidden,
            spoiler=place.spoiler,
            direct=place.direct,
            gif_loops=place.gif_loops,
        )

    def with_defaults(self, defaults: OrderDefaults) -> "DisplayOptions":
        """The same choice, with the server's defaults for what the member left open."""
        return replace(
            self,
            hidden=defaults.hidden if self.hidden is None else self.hidden,
            spoiler=defaults.spoiler if self.spoiler is None else self.spoiler,
        )


DEFAULT = DisplayOptions()
