"""How full Segmind is with the jobs of all processes, counted where they cannot pass each other."""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from bot.jobs.ports import Capacity
from bot.store.connection import Connection
from bot.store.tables import IN_FLIGHT, jobs
from bot.store.write.jobs import LockedJob

# Any number will do that nothing else on this server uses as an advisory lock.
_LOCK = 0xD0_99_E2


@dataclass(slots=True)
class InFlight:
    """The jobs at Segmind, and those of this transaction that are about to go there."""

    total: int
    by_server: Counter[int | None]
    by_member: Counter[str]

    def try_add(self, claim: LockedJob, room: Capacity) -> bool:
        full = (
            self.total >= room.in_all
            or self.by_member[claim.account] >= room.per_member
            or (claim.guild_id is not None and self.by_server[claim.guild_id] >= room.per_server)
        )
        if not full:
            self.total += 1
            self.by_server[claim.guild_id] += 1
            self.by_member[claim.account] += 1
        return not full


async def count_in_flight(connection: Connection) -> InFlight:
    """To be asked before any row is locked: it keeps other submissions out until the commit."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    counted = (
        sa.select(jobs.c.account, jobs.c.guild_id, sa.func.count())
        .where(IN_FLIGHT)
        .group_by(jobs.c.account, jobs.c.guild_id)
    )
    in_flight = InFlight(0, Counter(), Counter())
    for account, guild_id, count in await connection.execute(counted):
        in_flight.total += count
        in_flight.by_server[guild_id] += count
        in_flight.by_member[account] += count
    return in_flight
