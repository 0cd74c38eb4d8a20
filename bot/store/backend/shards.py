"""Shards that a process claims for as long as its lease is fresh."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.tables import shards, workers

NOBODY = ""


async def claim(
    connection: Connection, count: int, total: int, *, owner: str, living_at: float | None
) -> Sequence[int]:
    """So many of `total` shards that no living process has, or none at all."""
    every = [{"number": number, "total": total, "owner": NOBODY} for number in range(total)]
    await connection.execute(insert_into(connection, shards).values(every).on_conflict_do_nothing())
    of_total = shards.c.total == total
    # All of them are locked, in one order, so that two processes do not wait for each other.
    locking = sa.select(shards.c.number, shards.c.owner).where(of_total).order_by(shards.c.number)
    rows = (await connection.execute(locking.with_for_update())).all()
    living = await _living(connection, living_at)
    free = [number for number, of in rows if of == owner or of not in living]
    if len(free) < count:
        return ()
    taken = free[:count]
    for number in taken:
        mine = shards.update().where(of_total, shards.c.number == number).values(owner=owner)
        await connection.execute(mine)
    return taken


async def held(connection: Connection, total: int, *, owner: str) -> set[int]:
    rows = await connection.execute(
        sa.select(shards.c.number).where(shards.c.total == total, shards.c.owner == owner)
    )
    return set(rows.scalars())


async def living_workers(connection: Connection, living_at: float) -> int:
    counted = sa.select(sa.func.count()).select_from(workers).where(workers.c.lease_until > living_at)
    return (await connection.execute(counted)).scalar_one()


async def _living(connection: Connection, living_at: float | None) -> set[str]:
    """Without leases there is one process, and whoever else is written down is gone."""
    if living_at is None:
        return set()
    chosen = sa.select(workers.c.id).where(workers.c.lease_until > living_at)
    return set((await connection.execute(chosen)).scalars())
