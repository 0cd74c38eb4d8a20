"""Events as rows, and what the jobs of an event have cost their server so far."""

from collections import Counter
from collections.abc import Collection

import sqlalchemy as sa

from bot.ledger.budgets import Budget
from bot.ledger.events import HOUR, Event, EventPlan
from bot.store.connection import Connection
from bot.store.tables import WITHOUT_RESULT, budgets, events, jobs

# Postgres sums BIGINT as NUMERIC, and a sum of nothing is NULL.
_paid = sa.cast(sa.func.coalesce(sa.func.sum(jobs.c.subsidy), 0), sa.BigInteger)
# Every order reads this several times, and building it takes longer than reading.
_RUNNING = sa.select(
    events,
    sa.select(_paid).where(jobs.c.event == events.c.id, ~WITHOUT_RESULT).scalar_subquery().label("paid"),
    sa.select(budgets.c.spent).where(budgets.c.id == sa.bindparam("grants")).scalar_subquery().label("given"),
).where(events.c.guild_id == sa.bindparam("guild"), events.c.until > sa.bindparam("now"))


async def start(connection: Connection, guild_id: int, plan: EventPlan, *, at: float) -> None:
    """Start an event, which ends the one that runs."""
    await end(connection, guild_id, at=at)
    row = {
        "guild_id": guild_id,
        "models": {"slugs": sorted(plan.models)},
        "discount": plan.discount,
        "cap": plan.cap,
        "since": at,
        "until": at + plan.hours * HOUR,
    }
    await connection.execute(events.insert(), [row])


async def end(connection: Connection, guild_id: int, *, at: float) -> bool:
    """End the event that runs; return whether there was one."""
    ending = (
        events.update()
        .where(events.c.guild_id == guild_id, events.c.until > at)
        .values(until=at)
        .returning(events.c.id)
    )
    return bool((await connection.execute(ending)).all())


async def running(
    connection: Connection, guild_id: int, *, at: float, grants: Budget, monthly: int
) -> Event | None:
    """Read the event that runs; `monthly` bounds what the administrators give away, which `grants` counts."""
    found = await connection.execute(_RUNNING, {"grants": grants.id, "guild": guild_id, "now": at})
    row = found.mappings().one_or_none()
    if row is None:
        return None
    left = max(0, min(row["cap"] - row["paid"], monthly - (row["given"] or 0)))
    return Event(row["id"], frozenset(row["models"]["slugs"]), row["discount"], row["until"], left)


async def lock(connection: Connection, ids: Collection[int], *, at: float) -> Counter[int]:
    """Lock events, and return how many credits each can still pay; nothing for one that is over."""
    left: Counter[int] = Counter()
    if not ids:
        return left
    # In the order of their ids, so that no two processes wait for each other.
    locking = sa.select(events.c.id, events.c.cap).where(events.c.id.in_(ids), events.c.until > at)
    for id_, cap in await connection.execute(locking.order_by(events.c.id).with_for_update()):
        left[id_] = cap
    # Only now, because another process may have opened jobs until it released the lock.
    paid = sa.select(jobs.c.event, _paid).where(jobs.c.event.in_(left), ~WITHOUT_RESULT)
    for id_, amount in await connection.execute(paid.group_by(jobs.c.event)):
        left[id_] -= amount
    return left
