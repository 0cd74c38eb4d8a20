"""Figures about the past hours and days: jobs that ended, how long they took, and what was spent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.jobs.job import State
from bot.ledger.budgets import MICROS, Budget, Scope, day_of, month_of
from bot.ledger.server_rules import ServerRules
from bot.store.connection import Connection
from bot.store.dialects import floor
from bot.store.tables import budgets, jobs
from bot.store.write import servers

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
_LIMIT = 30
_WITHOUT_RESULT = (State.FAILED, State.BLOCKED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Reach:
    """Periods of the figures, in seconds unless the name says otherwise."""

    charts: float = 3 * HOUR
    stretch: float = 5 * MINUTE
    """Length of the intervals of the chart of durations."""
    models: float = HOUR
    failures: float = 6 * HOUR
    days: int = 14
    servers: int = 8
    """Number of servers whose spending is shown."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Jobs that ended in one minute in one state."""

    at: float
    state: State
    jobs: int


@dataclass(frozen=True, slots=True)
class Times:
    """Durations of the jobs that were done in one interval, from order to result."""

    at: float
    jobs: int
    half: float
    """Median."""
    most: float
    """95th percentile."""


@dataclass(frozen=True, slots=True)
class ModelTimes:
    """Durations of the jobs of one model, from submission to result."""

    slug: str
    jobs: int
    half: float
    most: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Jobs of one model that ended without a result for the same reason."""

    slug: str
    state: State
    reason: str | None
    jobs: int
    last: float


@dataclass(frozen=True, slots=True)
class Month:
    """Credits that one server has spent this month, and its rules."""

    guild_id: int
    spent: int
    rules: ServerRules


@dataclass(frozen=True, slots=True)
class Past:
    """Figures about the past hours and days."""

    ended: Sequence[Ended]
    times: Sequence[Times]
    models: Sequence[ModelTimes]
    failures: Sequence[Failure]
    deliveries: Mapping[str, int]
    days: Sequence[tuple[float, float]]
    """The beginning of each day, and the US dollars that the operator paid on it."""
    months: Sequence[Month]


async def read_past(connection: Connection, now: float, reach: Reach) -> Past:
    return Past(
        ended=await _ended(connection, now - reach.charts),
        times=await _times(connection, now - reach.charts, reach.stretch),
        models=await _model_times(connection, now - reach.models),
        failures=await _failures(connection, now - reach.failures),
        deliveries=await _deliveries(connection, now - reach.failures),
        days=await _days(connection, now, reach.days),
        months=await _months(connection, now, reach.servers),
    )


async def _ended(connection: Connection, since: float) -> Sequence[Ended]:
    minute = _interval(connection, MINUTE)
    counted = (
        sa.select(minute, jobs.c.state, sa.func.count())
        .where(jobs.c.settled_at >= since)
        .group_by(minute, jobs.c.state)
        .order_by(minute, jobs.c.state)
    )
    rows = await connection.execute(counted)
    return [Ended(number * MINUTE, State(state), count) for number, state, count in rows]


async def _times(connection: Connection, since: float, length: float) -> Sequence[Times]:
    rows = await connection.execute(_durations(_interval(connection, length), jobs.c.created_at, since))
    return [Times(number * length, count, half, most) for number, count, half, most in rows]


async def _model_times(connection: Connection, since: float) -> Sequence[ModelTimes]:
    rows = await connection.execute(_durations(jobs.c.slug, jobs.c.submitted_at, since))
    return [ModelTimes(*row) for row in rows]


def _durations(
    group: sa.ColumnElement[int] | sa.Column[str], begin: sa.Column[float], since: float
) -> sa.Select[Any, int, float, float]:
    """Number of results per group, and the median and 95th percentile of their durations."""
    seconds = jobs.c.settled_at - begin
    ranked = (
        sa.select(
            group.label("part"),
            seconds.label("seconds"),
            sa.func.row_number().over(partition_by=group, order_by=seconds).label("place"),
            sa.func.count().over(partition_by=group).label("among"),
        )
        .where(jobs.c.settled_at >= since, jobs.c.state == State.DONE, begin.is_not(None))
        .subquery()
    )

    def percentile(share: float) -> sa.ColumnElement[float]:
        return sa.func.min(sa.case((ranked.c.place >= share * ranked.c.among, ranked.c.seconds)))

    return (
        sa.select(ranked.c.part, sa.func.count(), percentile(0.5), percentile(0.95))
        .group_by(ranked.c.part)
        .order_by(ranked.c.part)
    )


async def _failures(connection: Connection, since: float) -> Sequence[Failure]:
    count = sa.func.count().label("count")
    counted = (
        sa.select(jobs.c.slug, jobs.c.state, jobs.c.reason, count, sa.func.max(jobs.c.settled_at))
        .where(jobs.c.settled_at >= since, jobs.c.state.in_(_WITHOUT_RESULT))
        .group_by(jobs.c.slug, jobs.c.state, jobs.c.reason)
        .order_by(count.desc(), jobs.c.slug)
        .limit(_LIMIT)
    )
    rows = await connection.execute(counted)
    return [Failure(slug, State(state), reason, count, last) for slug, state, reason, count, last in rows]


async def _deliveries(connection: Connection, since: float) -> Mapping[str, int]:
    counted = (
        sa.select(jobs.c.delivery, sa.func.count())
        .where(jobs.c.settled_at >= since, jobs.c.delivery.is_not(None))
        .group_by(jobs.c.delivery)
    )
    return {delivery: count for delivery, count in await connection.execute(counted) if delivery is not None}


async def _days(connection: Connection, now: float, days: int) -> Sequence[tuple[float, float]]:
    wanted = [Budget(Scope.OPERATOR, *day_of(now - DAY * back)) for back in reversed(range(days))]
    spent = await _spent(connection, [budget.id for budget in wanted])
    return [(budget.since, spent.get(budget.id, 0) / MICROS) for budget in wanted]


async def _spent(connection: Connection, ids: Collection[str]) -> Mapping[str, int]:
    chosen = sa.select(budgets.c.id, budgets.c.spent).where(budgets.c.id.in_(ids))
    return {row.id: row.spent for row in await connection.execute(chosen)}


async def _months(connection: Connection, now: float, limit: int) -> Sequence[Month]:
    since, _ = month_of(now)
    chosen = (
        sa.select(budgets.c.guild_id, budgets.c.spent)
        .where(budgets.c.scope == Scope.SERVER, budgets.c.since == since, budgets.c.spent > 0)
        .order_by(budgets.c.spent.desc())
        .limit(limit)
    )
    found = (await connection.execute(chosen)).all()
    return [
        Month(guild_id, spent, await servers.read(connection, guild_id))
        for guild_id, spent in found
        if guild_id is not None
    ]


def _interval(connection: Connection, length: float) -> sa.ColumnElement[int]:
    """Number of the interval of this many seconds in which a job ended."""
    return floor(jobs.c.settled_at / sa.literal_column(str(length)), connection)
