"""Count of the jobs that all processes together have at Segmind."""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from bot.jobs.job import State
from bot.jobs.ports import UNKNOWN_CAPACITY_SECONDS, Capacity
from bot.store.connection import Connection
from bot.store.tables import IN_FLIGHT, jobs

# Any number that nothing else on this server uses as an advisory lock.
_LOCK = 0xD0_99_E2


@dataclass(slots=True)
class InFlight:
    """Number of jobs in flight, including those that this transaction gives a slot."""

    total: int
    by_server: Counter[int | None]
    by_member: Counter[str]

    def try_add(self, account: str, guild_id: int | None, capacity: Capacity) -> bool:
        """Count a job, unless that would exceed the capacity."""
        full = (
            self.total >= capacity.in_all
            or self.by_member[account] >= capacity.per_member
            or (guild_id is not None and self.by_server[guild_id] >= capacity.per_server)
        )
        if not full:
            self.add(account, guild_id, 1)
        return not full

    def add(self, account: str, guild_id: int | None, count: int) -> None:
        self.total += count
        self.by_server[guild_id] += count
        self.by_member[account] += count


async def count_in_flight(connection: Connection, now: float) -> InFlight:
    """Count the jobs in flight, and keep other processes out until the commit.

    The caller locks its rows afterwards, so that all processes take their locks in the same order.
    """
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    submitted_at = sa.func.coalesce(jobs.c.submitted_at, jobs.c.created_at)
    counts = (jobs.c.state != State.UNKNOWN) | (submitted_at > now - UNKNOWN_CAPACITY_SECONDS)
    counted = (
        sa.select(jobs.c.account, jobs.c.guild_id, sa.func.count())
        .where(IN_FLIGHT, counts)
        .group_by(jobs.c.account, jobs.c.guild_id)
    )
    in_flight = InFlight(0, Counter(), Counter())
    for account, guild_id, count in await connection.execute(counted):
        in_flight.add(account, guild_id, count)
    return in_flight
