"""Daily allowance, and when its day starts."""

from dataclasses import dataclass
from enum import StrEnum

DAY = 86_400.0


class Refill(StrEnum):
    """Moment at which an allowance refills."""

    MIDNIGHT = "midnight"
    """At midnight UTC, for everybody."""
    ROLLING = "rolling"
    """A day after the member used the first credit of it."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Credits a day, and how they refill."""

    daily: int
    refill: Refill = Refill.MIDNIGHT

    def start_of_day(self, since: float, used: int, now: float) -> float:
        """Start of the present day, if the last known day started at `since`."""
        if self.refill is Refill.MIDNIGHT:
            return max(since, now // DAY * DAY)
        # A rolling day starts with the first credit, so until one is used it starts now.
        return max(since, now) if used <= 0 or now >= self.ends(since) else since

    def ends(self, since: float) -> float:
        return since + DAY

    def refills_at(self, since: float) -> float | None:
        return self.ends(since) if self.daily else None
