"""What is known of a member: given to them, forgotten at their wish, and forgotten in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot.clock import Clock
from bot.ledger.allowance import DAY
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)


class OpenOrders(Exception):
    """Credits are held for orders that are not over: until then, their member has to be known."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a member gives up with their accounts."""

    accounts: int = 0
    granted: int = 0


class MemberDataRepository(Protocol):
    async def about(self, user_id: int) -> Mapping[str, Any]:
        """Everything that is stored about a member, as it can be written down in JSON."""
        ...

    async def holdings(self, user_id: int) -> Holdings: ...

    async def forget(self, user_id: int, *, strikes_since: float) -> None:
        """All or nothing. Raises `OpenOrders`.

        The ledger keeps its sums, under names that say nothing. Who was blocked for the content of their
        orders since then stays known as such; so do blocks, and the wish not to be used by others.
        """
        ...

    async def strip_jobs(self, before: float, *, most: int) -> int:
        """Forget of so many finished jobs from before then what they were made of, and where it is."""
        ...

    async def strip_audit_entries(self, before: float, *, most: int) -> int:
        """Forget of decisions from before then who took them, and about whom."""
        ...

    async def clear_up(self, *, fingerprints_before: float, strikes_before: float) -> None: ...


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """For how many days things are kept."""

    jobs: float = 90
    audit_entries: float = 730
    strikes: float = 7


class Retention:
    """Forgets what is old enough, a little at a time."""

    def __init__(
        self,
        people: MemberDataRepository,
        clock: Clock,
        periods: RetentionPeriods,
        *,
        every: float = 6 * 3600.0,
        most: int = 500,
    ) -> None:
        self._people = people
        self._clock = clock
        self._periods = periods
        self._every = every
        self._most = most

    async def run(self) -> None:
        await run_periodically(self.run_once, self._clock, self._every, "what is old could not be forgotten")

    async def run_once(self) -> None:
        now, its, jobs, audit_entries = self._clock.now(), self._periods, 0, 0
        while count := await self._people.strip_jobs(now - its.jobs * DAY, most=self._most):
            jobs += count
        while count := await self._people.strip_audit_entries(now - its.audit_entries * DAY, most=self._most):
            audit_entries += count
        await self._people.clear_up(
            fingerprints_before=now - its.jobs * DAY, strikes_before=now - max(its.strikes, 1) * DAY
        )
        if jobs or audit_entries:
            log.info("what is old was forgotten", jobs=jobs, audit_entries=audit_entries)
