"""Events: for some hours, a server pays for a part of what some models cost its members."""

from dataclasses import dataclass

HOUR = 3600.0
MAX_EVENT_HOURS = 14 * 24


@dataclass(frozen=True, slots=True)
class EventPlan:
    """Event as administrators describe it."""

    models: frozenset[str]
    """Slugs; empty for all models."""
    discount: int
    """Percent of the price that the server pays."""
    cap: int
    """Most credits that the server pays in all."""
    hours: int


@dataclass(frozen=True, slots=True)
class Event:
    """Event that runs now, with what it can still pay."""

    id: int
    models: frozenset[str]
    discount: int
    until: float
    left: int
    """Credits that the cap and the month's budget of gifts of the administrators leave."""

    def subsidy(self, slug: str, price: int) -> int:
        """Part of a price that the server pays, rounded down so that a discount never makes a model free."""
        if self.models and slug not in self.models:
            return 0
        return price * self.discount // 100


class EventOver(Exception):
    """The event ended, or its credits are used up; nothing was held."""
