"""Strikes of members, as their cards count them."""

from dataclasses import dataclass

from bot.jobs.job import Job, State
from bot.ledger.allowance import DAY
from bot.moderation.access import AccessRules
from bot.moderation.ports import AccessStore


@dataclass(frozen=True, slots=True)
class Strike:
    """An order that was blocked for its content, among the recent ones of its member."""

    number: int
    rules: AccessRules
    paused_until: float | None
    """End of the suspension that it led to."""


class Strikes:
    """Counts the strikes of members."""

    def __init__(self, store: AccessStore, rules: AccessRules) -> None:
        self._store = store
        self._rules = rules

    async def of(self, job: Job) -> Strike | None:
        """The strike of a blocked job, counted at the time of its end; None for any other job."""
        at = job.settled_at
        if job.state is not State.BLOCKED or at is None or not self._rules.strikes:
            return None
        found = await self._store.strikes(job.place.user_id, at - self._rules.strike_days * DAY)
        # A card that is drawn again shows the same number.
        strikes = [each for each in found if each <= at]
        return Strike(len(strikes), self._rules, self._rules.suspension_end(strikes))
