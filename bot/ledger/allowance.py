"""The allowance: so many credits a day, and when the day begins anew."""

from dataclasses import dataclass
from enum import StrEnum

DAY = 86_400.0


class Refill(StrEnum):
    MIDNIGHT = "midnight"
    """At midnight UTC, for everybody."""
    ROLLING = "rolling"
    """A day after the first credit of it was taken."""


@dataclass(frozen=True, slots=True)
class Allowance:
    daily: int
    refill: Refill = Refill.MIDNIGHT

    def start_of_day(self, since: float, used: int, now: float) -> float:
        """When the present day began, if the last one that is known began at `since`."""
        if self.refill is Refill.MIDNIGHT:
            return max(since, now // DAY * DAY)
        # Nothing taken yet: the day has not begun, so it begins whenever something is.
        return max(since, now) if used <= 0 or now >= self.ends(since) else since

    def ends(self, since: float) -> float:
        return since + DAY

    def refills_at(self, since: float) -> float | None:
        return self.ends(since) if self.daily else None
