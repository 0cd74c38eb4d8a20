"""What an operator sees of the database: all processes' jobs, read beside the bot and never in its way.

However many jobs there were, only those are read that are open, or ended in the stretch that is asked for.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa

from bot.jobs.job import State
from bot.ledger.budgets import MICROS, Budget, Scope, day_of, month_of
from bot.ledger.server_rules import ServerRules
from bot.moderation.approvals import Verdict
from bot.store.backend.open import open_alongside, parse_url
from bot.store.connection import Connection
from bot.store.dialects import floor, is_postgres
from bot.store.errors import translated_errors
from bot.store.read.integrity import AuditedRows, count_rows, discrepancies
from bot.store.tables import OPEN, approvals, budgets, cases, jobs, shards, workers
from bot.store.write import servers

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# A question that takes longer is not worth its answer.
_PATIENCE = "5s"
_LISTED = 30
# In the words of its index, as `OPEN` is.
_UNDECIDED = sa.text("verdict IN ('waiting', 'withdrawn')")
_NOTHING_CAME = (State.FAILED, State.BLOCKED, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Count:
    slug: str
    state: State
    jobs: int
    since: float
    """When the oldest of them was ordered."""


@dataclass(frozen=True, slots=True)
class OpenJob:
    id: str
    slug: str
    state: State
    created_at: float
    submitted_at: float | None


@dataclass(frozen=True, slots=True)
class OpenCase:
    number: int
    opened_at: float
    escalated_at: float | None


@dataclass(frozen=True, slots=True)
class PendingApprovals:
    """Results that moderators look at before anybody sees them."""

    results: int
    since: float | None
    """When the oldest was asked about."""


@dataclass(frozen=True, slots=True)
class Worker:
    id: str
    lease_until: float
    shards: int


@dataclass(frozen=True, slots=True)
class Month:
    """A server's, in credits."""

    guild_id: int
    spent: int
    rules: ServerRules


@dataclass(frozen=True, slots=True)
class Present:
    counts: Sequence[Count]
    oldest: Sequence[OpenJob]
    cases: Sequence[OpenCase]
    open_cases: int
    pending_approvals: PendingApprovals
    workers: Sequence[Worker]


@dataclass(frozen=True, slots=True)
class Ended:
    at: float
    state: State
    jobs: int


@dataclass(frozen=True, slots=True)
class Times:
    """Of the results of a stretch, from the order on."""

    at: float
    jobs: int
    half: float
    most: float
    """19 of 20 took no longer."""


@dataclass(frozen=True, slots=True)
class ModelTimes:
    """Of one model's results, from the submission on."""

    slug: str
    jobs: int
    half: float
    most: float


@dataclass(frozen=True, slots=True)
class Failure:
    slug: str
    state: State
    reason: str | None
    jobs: int
    last: float


@dataclass(frozen=True, slots=True)
class Past:
    ended: Sequence[Ended]
    """By the minute."""
    times: Sequence[Times]
    models: Sequence[ModelTimes]
    failures: Sequence[Failure]
    deliveries: Mapping[str, int]
    days: Sequence[tuple[float, float]]
    """What the operator paid in US dollars, day by day."""
    months: Sequence[Month]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back is looked, in seconds, and how many jobs' times are taken together."""

    charts: float = 3 * HOUR
    stretch: float = 5 * MINUTE
    models: float = HOUR
    failures: float = 6 * HOUR
    days: int = 14
    servers: int = 8


class DashboardQueries:
    """A connection of its own that can only read: on SQLite, writers do not even notice it."""

    def __init__(self, url: str, reach: Reach = Reach()) -> None:
        self._engine = open_alongside(parse_url(url), writing=False)
        self.reach = reach

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._engine.dispose()

    async def waiting(self) -> int:
        """Jobs of all processes that were not sent yet."""
        held = sa.select(sa.func.count()).select_from(jobs).where(OPEN, jobs.c.state == State.HELD)
        async with self._transaction() as connection:
            return (await connection.execute(held)).scalar_one()

    async def present(self, now: float) -> Present:
        async with self._transaction() as connection:
            return Present(
                counts=await _counts(connection),
                oldest=await _oldest(connection),
                cases=await _cases(connection),
                open_cases=await _open_cases(connection),
                pending_approvals=await _asked(connection),
                workers=await _workers(connection, now),
            )

    async def past(self, now: float) -> Past:
        reach = self.reach
        async with self._transaction() as connection:
            return Past(
                ended=await _ended(connection, now - reach.charts),
                times=await _times(connection, now - reach.charts, reach.stretch),
                models=await _model_times(connection, now - reach.models),
                failures=await _failures(connection, now - reach.failures),
                deliveries=await _deliveries(connection, now - reach.failures),
                days=await _days(connection, now, reach.days),
                months=await _months(connection, now, reach.servers),
            )

    async def audit(self) -> tuple[Sequence[str], AuditedRows]:
        """Every place where the books do not add up, and how much was looked at: this reads everything."""
        async with self._transaction(patiently=True) as connection:
            return await discrepancies(connection), await count_rows(connection)

    @asynccontextmanager
    async def _transaction(self, *, patiently: bool = False) -> AsyncGenerator[Connection]:
        with translated_errors():
            async with self._engine.begin() as connection:
                if is_postgres(connection) and not patiently:
                    await connection.execute(sa.text(f"SET LOCAL statement_timeout = '{_PATIENCE}'"))
                yield connection


async def _counts(connection: Connection) -> Sequence[Count]:
    counted = (
        sa.select(jobs.c.slug, jobs.c.state, sa.func.count(), sa.func.min(jobs.c.created_at))
        .where(OPEN)
        .group_by(jobs.c.slug, jobs.c.state)
    )
    rows = await connection.execute(counted)
    return [Count(slug, State(state), count, since) for slug, state, count, since in rows]


async def _oldest(connection: Connection) -> Sequence[OpenJob]:
    chosen = (
        sa.select(jobs.c.id, jobs.c.slug, jobs.c.state, jobs.c.created_at, jobs.c.submitted_at)
        .where(OPEN)
        .order_by(jobs.c.created_at)
        .limit(_LISTED)
    )
    return [
        OpenJob(id_, slug, State(state), created, submitted)
        for id_, slug, state, created, submitted in await connection.execute(chosen)
    ]


async def _cases(connection: Connection) -> Sequence[OpenCase]:
    chosen = (
        sa.select(cases.c.id, cases.c.opened_at, cases.c.escalated_at)
        .where(cases.c.closed_at.is_(None))
        .order_by(cases.c.opened_at)
        .limit(_LISTED)
    )
    return [OpenCase(*row) for row in await connection.execute(chosen)]


async def _open_cases(connection: Connection) -> int:
    counted = sa.select(sa.func.count()).select_from(cases).where(cases.c.closed_at.is_(None))
    return (await connection.execute(counted)).scalar_one()


async def _asked(connection: Connection) -> PendingApprovals:
    waiting = sa.select(sa.func.count(), sa.func.min(approvals.c.asked_at)).where(
        _UNDECIDED, approvals.c.verdict == Verdict.WAITING
    )
    return PendingApprovals(*(await connection.execute(waiting)).one())


async def _workers(connection: Connection, now: float) -> Sequence[Worker]:
    served = (
        sa.select(sa.func.count())
        .select_from(shards)
        .where(shards.c.owner == workers.c.id)
        .correlate(workers)
        .scalar_subquery()
    )
    chosen = (
        sa.select(workers.c.id, workers.c.lease_until, served)
        .where(workers.c.lease_until > now)
        .order_by(workers.c.id)
        .limit(_LISTED)
    )
    return [Worker(*row) for row in await connection.execute(chosen)]


async def _ended(connection: Connection, since: float) -> Sequence[Ended]:
    minute = _stretch(connection, MINUTE)
    counted = (
        sa.select(minute, jobs.c.state, sa.func.count())
        .where(jobs.c.settled_at >= since)
        .group_by(minute, jobs.c.state)
        .order_by(minute)
    )
    rows = await connection.execute(counted)
    return [Ended(number * MINUTE, State(state), count) for number, state, count in rows]


async def _times(connection: Connection, since: float, length: float) -> Sequence[Times]:
    stretch = _stretch(connection, length)
    rows = await connection.execute(_shares(stretch, jobs.c.created_at, since))
    return [Times(number * length, count, half, most) for number, count, half, most in rows]


async def _model_times(connection: Connection, since: float) -> Sequence[ModelTimes]:
    rows = await connection.execute(_shares(jobs.c.slug, jobs.c.submitted_at, since))
    return [ModelTimes(*row) for row in rows]


def _shares(
    by: sa.ColumnElement[int] | sa.Column[str], begin: sa.Column[float], since: float
) -> sa.Select[Any, int, float, float]:
    """How long results took: half of them no longer than this, and 19 of 20 no longer than that."""
    seconds = jobs.c.settled_at - begin
    ranked = (
        sa.select(
            by.label("part"),
            seconds.label("seconds"),
            sa.func.row_number().over(partition_by=by, order_by=seconds).label("place"),
            sa.func.count().over(partition_by=by).label("among"),
        )
        .where(jobs.c.settled_at >= since, jobs.c.state == State.DONE, begin.is_not(None))
        .subquery()
    )

    def share(of: float) -> sa.ColumnElement[float]:
        return sa.func.min(sa.case((ranked.c.place >= of * ranked.c.among, ranked.c.seconds)))

    return (
        sa.select(ranked.c.part, sa.func.count(), share(0.5), share(0.95))
        .group_by(ranked.c.part)
        .order_by(ranked.c.part)
    )


async def _failures(connection: Connection, since: float) -> Sequence[Failure]:
    count = sa.func.count().label("count")
    counted = (
        sa.select(jobs.c.slug, jobs.c.state, jobs.c.reason, count, sa.func.max(jobs.c.settled_at))
        .where(jobs.c.settled_at >= since, jobs.c.state.in_(_NOTHING_CAME))
        .group_by(jobs.c.slug, jobs.c.state, jobs.c.reason)
        .order_by(count.desc(), jobs.c.slug)
        .limit(_LISTED)
    )
    rows = await connection.execute(counted)
    return [Failure(slug, State(state), reason, count, last) for slug, state, reason, count, last in rows]


async def _deliveries(connection: Connection, since: float) -> Mapping[str, int]:
    counted = (
        sa.select(jobs.c.delivery, sa.func.count())
        .where(jobs.c.settled_at >= since, jobs.c.delivery.is_not(None))
        .group_by(jobs.c.delivery)
    )
    return {way: count for way, count in await connection.execute(counted) if way is not None}


async def _days(connection: Connection, now: float, days: int) -> Sequence[tuple[float, float]]:
    wanted = [Budget(Scope.OPERATOR, *day_of(now - DAY * back)) for back in reversed(range(days))]
    found = await _spent(connection, [budget.id for budget in wanted])
    return [(budget.since, found.get(budget.id, 0) / MICROS) for budget in wanted]


async def _spent(connection: Connection, ids: Collection[str]) -> Mapping[str, int]:
    chosen = sa.select(budgets.c.id, budgets.c.spent).where(budgets.c.id.in_(ids))
    return {row.id: row.spent for row in await connection.execute(chosen)}


async def _months(connection: Connection, now: float, most: int) -> Sequence[Month]:
    since, _ = month_of(now)
    chosen = (
        sa.select(budgets.c.guild_id, budgets.c.spent)
        .where(budgets.c.scope == Scope.SERVER, budgets.c.since == since, budgets.c.spent > 0)
        .order_by(budgets.c.spent.desc())
        .limit(most)
    )
    found = (await connection.execute(chosen)).all()
    return [
        Month(guild_id, spent, await servers.read(connection, guild_id))
        for guild_id, spent in found
        if guild_id is not None
    ]


def _stretch(connection: Connection, length: float) -> sa.ColumnElement[int]:
    """The number of the stretch of so many seconds that an end lies in."""
    return floor(jobs.c.settled_at / sa.literal_column(str(length)), connection)
