"""Shards that a process claims for as long as its lease is valid."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.connection import Connection
from bot.store.dialects import insert_into, is_postgres
from bot.store.tables import LIVE, shards, workers

_UNOWNED = ""


async def claim(connection: Connection, count: int, total: int, *, owner: str) -> Sequence[int]:
    """Claim `count` of `total` shards that no other live worker owns, or none if fewer are free."""
    rows = [{"number": number, "total": total, "owner": _UNOWNED} for number in range(total)]
    await connection.execute(insert_into(connection, shards).values(rows).on_conflict_do_nothing())
    of_total = shards.c.total == total
    # All processes lock the rows in the same order, so that no two wait for each other.
    locking = sa.select(shards.c.number, shards.c.owner).where(of_total).order_by(shards.c.number)
    owners = (await connection.execute(locking.with_for_update())).all()
    live = await _live_workers(connection) if is_postgres(connection) else set[str]()
    free = [number for number, current in owners if current == owner or current not in live]
    if len(free) < count:
        return ()
    claimed = free[:count]
    for number in claimed:
        claiming = shards.update().where(of_total, shards.c.number == number).values(owner=owner)
        await connection.execute(claiming)
    return claimed


async def owned_by(connection: Connection, owner: str, total: int) -> set[int]:
    rows = await connection.execute(
        sa.select(shards.c.number).where(shards.c.total == total, shards.c.owner == owner)
    )
    return set(rows.scalars())


async def _live_workers(connection: Connection) -> set[str]:
    return set((await connection.execute(sa.select(workers.c.id).where(LIVE))).scalars())
