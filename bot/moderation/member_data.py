"""Data about members: exported or deleted at their request, and deleted after a retention period."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot.clock import Clock
from bot.ledger.allowance import DAY
from bot.moderation.server_data import ServerDataRepository
from bot.periodic import ONCE_SETTLED, run_periodically

log = structlog.stdlib.get_logger(__name__)

_INTERVAL = 6 * 3600.0


class OpenOrders(Exception):
    """The member has unfinished orders with held credits, so their data is still needed."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """Accounts and granted credits that a member loses with their data."""

    accounts: int = 0
    granted: int = 0


class MemberDataRepository(Protocol):
    """Reads and deletes the stored data of members; the store implements it."""

    async def export(self, user_id: int) -> Mapping[str, Any]:
        """Export everything that is stored about a member, as JSON values."""
        ...

    async def holdings(self, user_id: int) -> Holdings: ...

    async def forget(self, user_id: int, *, strikes_since: float) -> None:
        """Delete a member's data, all but the uses of their avatar in one transaction; raises `OpenOrders`.

        The ledger keeps its sums under anonymous names. Strikes since then, what servers have set for the
        member (a block, an allowance), and the member's opt-out of swaps by others stay. Otherwise a deletion
        would undo them. Nobody can use the member's avatar any more, and orders under way show no result with
        it. Where new accounts get credits, it stays on record that this member had them.
        """
        ...

    async def strip_jobs(self, before: float, *, most: int) -> int:
        """Delete the inputs of `most` jobs from before then at most; return how many.

        Jobs of members who deleted their data also lose what leads back to them: the request at Segmind after
        a day, and the message after the same time as all others.
        """
        ...

    async def strip_audit_entries(self, before: float, *, most: int) -> int:
        """Remove the people from `most` audit entries from before then at most; return how many."""
        ...

    async def delete_old_records(self, *, fingerprints_before: float, strikes_before: float) -> None:
        """Delete old strikes, and old fingerprints, posts, cases, approvals and takedown requests."""
        ...


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """Days for which each kind of data is kept."""

    jobs: float = 90
    audit_entries: float = 730
    strikes: float = 7
    left_servers: float = 30
    """Days after which a server that removed the bot is forgotten."""


class Retention:
    """Deletes data whose retention period is over, in small batches."""

    def __init__(
        self,
        repository: MemberDataRepository,
        server_data: ServerDataRepository,
        clock: Clock,
        periods: RetentionPeriods,
        *,
        most: int = 500,
    ) -> None:
        self._repository = repository
        self._server_data = server_data
        self._clock = clock
        self._periods = periods
        self._most = most

    async def run(self) -> None:
        await run_periodically(
            self.run_once,
            self._clock,
            _INTERVAL,
            "deletion of old data failed",
            initial_delay=ONCE_SETTLED,
        )

    async def run_once(self) -> None:
        now, periods = self._clock.now(), self._periods
        jobs = audit_entries = 0
        jobs_before = now - periods.jobs * DAY
        while count := await self._repository.strip_jobs(jobs_before, most=self._most):
            jobs += count
        entries_before = now - periods.audit_entries * DAY
        while count := await self._repository.strip_audit_entries(entries_before, most=self._most):
            audit_entries += count
        await self._repository.delete_old_records(
            fingerprints_before=jobs_before, strikes_before=now - max(periods.strikes, 1) * DAY
        )
        servers = await self._server_data.forget_left(now - periods.left_servers * DAY)
        if jobs or audit_entries or servers:
            log.info("old data deleted", jobs=jobs, audit_entries=audit_entries, servers=servers)
