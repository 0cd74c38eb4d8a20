"""Figures about the present: open jobs, cases and approvals, and the live workers."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.jobs.job import State
from bot.moderation.approvals import Verdict
from bot.moderation.cases import Audience
from bot.store.connection import Connection
from bot.store.dialects import is_postgres
from bot.store.tables import LIVE, OPEN, POSTGRES_TIME, UNDECIDED, approvals, cases, jobs, shards, workers

_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Count:
    """Open jobs of one model in one state."""

    slug: str
    state: State
    jobs: int
    since: float
    """Time at which the oldest of them was ordered."""


@dataclass(frozen=True, slots=True)
class OpenJob:
    """One of the oldest open jobs."""

    id: str
    slug: str
    state: State
    created_at: float
    submitted_at: float | None


@dataclass(frozen=True, slots=True)
class OpenCase:
    """One of the oldest open cases."""

    number: int
    opened_at: float
    escalated_at: float | None
    told_to: Audience | None
    """None while nobody could be told of it."""


@dataclass(frozen=True, slots=True)
class PendingApprovals:
    """Results that moderators have to approve."""

    results: int
    since: float | None
    """Time at which the moderators were asked about the oldest of them."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Process with a valid lease, and the number of its shards."""

    id: str
    lease_left: float
    """Seconds until others may adopt its jobs."""
    shards: int


@dataclass(frozen=True, slots=True)
class Present:
    """Figures about the present."""

    counts: Sequence[Count]
    oldest: Sequence[OpenJob]
    cases: Sequence[OpenCase]
    open_cases: int
    pending_approvals: PendingApprovals
    workers: Sequence[Worker]


async def read_present(connection: Connection) -> Present:
    return Present(
        counts=await _counts(connection),
        oldest=await _oldest(connection),
        cases=await _cases(connection),
        open_cases=await _count_open_cases(connection),
        pending_approvals=await _pending_approvals(connection),
        workers=await _workers(connection),
    )


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
        .limit(_LIMIT)
    )
    return [
        OpenJob(id_, slug, State(state), created, submitted)
        for id_, slug, state, created, submitted in await connection.execute(chosen)
    ]


async def _cases(connection: Connection) -> Sequence[OpenCase]:
    chosen = (
        sa.select(cases.c.id, cases.c.opened_at, cases.c.escalated_at, cases.c.told_to)
        .where(cases.c.closed_at.is_(None))
        .order_by(cases.c.opened_at)
        .limit(_LIMIT)
    )
    return [
        OpenCase(number, opened, escalated, None if told is None else Audience(told))
        for number, opened, escalated, told in await connection.execute(chosen)
    ]


async def _count_open_cases(connection: Connection) -> int:
    counted = sa.select(sa.func.count()).select_from(cases).where(cases.c.closed_at.is_(None))
    return (await connection.execute(counted)).scalar_one()


async def _pending_approvals(connection: Connection) -> PendingApprovals:
    waiting = sa.select(sa.func.count(), sa.func.min(approvals.c.asked_at)).where(
        UNDECIDED, approvals.c.verdict == Verdict.WAITING
    )
    return PendingApprovals(*(await connection.execute(waiting)).one())


async def _workers(connection: Connection) -> Sequence[Worker]:
    if not is_postgres(connection):
        return ()
    count = (
        sa.select(sa.func.count())
        .select_from(shards)
        .where(shards.c.owner == workers.c.id)
        .correlate(workers)
        .scalar_subquery()
    )
    chosen = (
        sa.select(workers.c.id, workers.c.lease_until - POSTGRES_TIME, count)
        .where(LIVE)
        .order_by(workers.c.id)
        .limit(_LIMIT)
    )
    return [Worker(*row) for row in await connection.execute(chosen)]
