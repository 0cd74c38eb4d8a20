"""Figures for the dashboard, and the query plans that keep them cheap."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Reason, State
from bot.ledger.ledger import AuditEntry
from bot.moderation.cases import Audience
from bot.store import SqlStore
from bot.store.read.dashboard import DAY, HOUR, MINUTE, DashboardQueries, PendingApprovals
from bot.store.tables import approvals, cases
from tests.patience import PATIENCE
from tests.store.orders import TERMS, HandClock, order
from tests.store.plans import plan_steps, recorded_statements

NOW = 1_763_700_000.25


@pytest.fixture
async def dashboard(url: str, store: SqlStore) -> AsyncGenerator[DashboardQueries]:
    del store
    async with DashboardQueries(url) as opened:
        yield opened


async def job_in(store: SqlStore, *states: State, age: float, took: float = 0.0, **facts: Any) -> Job:
    """Job of this age that went through these states."""
    slug = facts.pop("slug", "faceswap-v5")
    job = replace(order(created_at=NOW - age), slug=slug)
    await store.open(job, TERMS)
    for state in states:
        match state:
            case State.SUBMITTING:
                to = job.to(state, submitted_at=job.created_at + 1)
            case State.SUBMITTED:
                to = job.to(state, request_id=f"r-{job.id}")
            case State.READY:
                to = job.to(state, output="https://segmind.example/o.png", cost=0.07)
            case _ if state.settled:
                to = job.to(state, settled_at=job.created_at + took, **facts)
            case _:
                to = job.to(state)
        job = await store.move(job, to)
    return job


async def close(store: SqlStore, job: Job, delivery: Delivery = Delivery.EDITED) -> None:
    await store.mark_told(replace(job, delivery=delivery))


SENT = (State.SUBMITTING, State.SUBMITTED)
DONE = (*SENT, State.READY, State.DONE)
OPEN = {
    State.HELD: (),
    State.SUBMITTING: (State.SUBMITTING,),
    State.UNKNOWN: (State.SUBMITTING, State.UNKNOWN),
    State.SUBMITTED: SENT,
    State.READY: (*SENT, State.READY),
    State.DONE: DONE,
    State.FAILED: (State.SUBMITTING, State.FAILED),
    State.BLOCKED: (*SENT, State.BLOCKED),
    State.EXPIRED: (*SENT, State.EXPIRED),
    State.CANCELLED: (State.CANCELLED,),
}


async def test_jobs_in_every_state_are_counted_and_the_oldest_are_named(
    store: SqlStore, dashboard: DashboardQueries
) -> None:
    assert OPEN.keys() == set(State)
    for number, states in enumerate(OPEN.values()):
        await job_in(store, *states, age=100.0 - number)
    second = await job_in(store, age=5.0)
    await close(store, await job_in(store, *DONE, age=1000.0, took=10))
    figures = await dashboard.present()
    counts = {count.state: (count.jobs, count.since) for count in figures.counts}
    assert counts.keys() == set(State)
    assert counts[State.HELD] == (2, pytest.approx(NOW - 100))
    assert counts[State.CANCELLED] == (1, pytest.approx(NOW - 91))
    assert [job.state for job in figures.oldest] == [*OPEN, State.HELD]
    assert figures.oldest[-1].id == second.id
    assert (figures.oldest[0].submitted_at, figures.oldest[1].submitted_at) == (None, pytest.approx(NOW - 98))
    assert await dashboard.waiting() == 2


async def test_ended_jobs_are_counted_by_the_minute_and_durations_by_the_interval(
    store: SqlStore, dashboard: DashboardQueries
) -> None:
    await store.grant("1:2", 1000, "", AuditEntry("7", "grant"))
    began = NOW // (5 * MINUTE) * 5 * MINUTE - 10 * MINUTE
    for seconds in range(1, 21):
        await job_in(store, *DONE, age=NOW - began, took=float(seconds))
    await job_in(store, *DONE, age=NOW - began - 61, took=30, slug="faceswap-v4")
    await job_in(store, *OPEN[State.BLOCKED], age=NOW - began, took=2, reason=Reason.SEGMIND)
    # These jobs are older than the charts, or than the last hour.
    await job_in(store, *DONE, age=4 * HOUR, took=10)
    await job_in(store, *DONE, age=2 * HOUR, took=99)
    figures = await dashboard.past(NOW)
    assert [(ended.at - began, ended.state, ended.jobs) for ended in figures.ended if ended.at >= began] == [
        (0, State.BLOCKED, 1),
        (0, State.DONE, 20),
        (MINUTE, State.DONE, 1),
    ]
    (first,) = [times for times in figures.times if times.at == began]
    assert (first.jobs, first.half, first.most) == (21, pytest.approx(11), pytest.approx(20))
    assert sum(times.jobs for times in figures.times) == 22
    # The durations of models begin at the submission, a second after the order.
    assert {each.slug: (each.jobs, each.half, each.most) for each in figures.models} == {
        "faceswap-v4": (1, pytest.approx(29), pytest.approx(29)),
        "faceswap-v5": (20, pytest.approx(9), pytest.approx(18)),
    }


async def test_failures_are_counted_by_model_and_reason_and_deliveries_by_kind(
    store: SqlStore, dashboard: DashboardQueries
) -> None:
    for _ in range(2):
        await job_in(store, *OPEN[State.FAILED], age=300, took=20, reason=Reason.SERVICE)
    await job_in(store, *OPEN[State.BLOCKED], age=200, took=20, reason=Reason.SEGMIND, slug="faceswap-comic")
    await job_in(store, *OPEN[State.CANCELLED], age=200, took=20)
    await job_in(store, *OPEN[State.FAILED], age=7 * HOUR, took=20, reason=Reason.SERVICE)
    await close(store, await job_in(store, *DONE, age=100, took=10), Delivery.KEPT)
    figures = await dashboard.past(NOW)
    assert [(each.slug, each.state, each.reason, each.jobs) for each in figures.failures] == [
        ("faceswap-v5", State.FAILED, Reason.SERVICE, 2),
        ("faceswap-comic", State.BLOCKED, Reason.SEGMIND, 1),
    ]
    assert figures.failures[0].last == pytest.approx(NOW - 280)
    assert figures.deliveries == {Delivery.KEPT: 1}


async def test_spending_is_shown_by_day_and_by_server(store: SqlStore, dashboard: DashboardQueries) -> None:
    await job_in(store, *DONE, age=0)
    await job_in(store, age=2 * DAY)
    other = order("2:2", price=30, created_at=NOW)
    await store.open(replace(other, place=replace(other.place, guild_id=2)), TERMS)
    await store.change_rules(
        2, lambda rules: rules.model_copy(update={"monthly": 500}), AuditEntry("7", "cap")
    )
    figures = await dashboard.past(NOW)
    assert [usd for _, usd in figures.days] == [pytest.approx(usd) for usd in [0.0] * 11 + [0.05, 0.0, 0.37]]
    assert figures.days[-1][0] == NOW // DAY * DAY
    assert [(month.guild_id, month.spent, month.rules.monthly) for month in figures.months] == [
        (2, 30, 500),
        (1, 10, None),
    ]


async def test_open_cases_are_listed_oldest_first(dashboard: DashboardQueries, raw: AsyncConnection) -> None:
    case = {
        "guild_id": 1,
        "reporter": 7,
        "steps": "",
        "told_to": None,
        "escalated_at": None,
        "closed_at": None,
    }
    await raw.execute(
        cases.insert(),
        [
            case | {"job_id": "a", "opened_at": NOW - 60},
            case | {"job_id": "b", "opened_at": NOW - 90, "escalated_at": NOW, "told_to": "owner"},
            case | {"job_id": "c", "opened_at": NOW - 99, "closed_at": NOW},
        ],
    )
    figures = await dashboard.present()
    assert [(case.number, case.told_to) for case in figures.cases] == [(2, Audience.OWNER), (1, None)]
    assert figures.open_cases == 2


async def test_pending_approvals_are_counted(dashboard: DashboardQueries, raw: AsyncConnection) -> None:
    assert (await dashboard.present()).pending_approvals == PendingApprovals(0, None)
    row = {"guild_id": 1, "lapses_at": NOW + 60, "decided_by": 0, "verdict": "waiting", "decided_at": None}
    await raw.execute(
        approvals.insert(),
        [
            row | {"job_id": "a", "asked_at": NOW - 60},
            row | {"job_id": "b", "asked_at": NOW - 90},
            row | {"job_id": "c", "asked_at": NOW - 99, "verdict": "approved", "decided_at": NOW},
            row | {"job_id": "d", "asked_at": NOW - 99, "verdict": "withdrawn"},
        ],
    )
    assert (await dashboard.present()).pending_approvals == PendingApprovals(2, NOW - 90)


async def test_the_audit_reports_the_number_of_rows(store: SqlStore, dashboard: DashboardQueries) -> None:
    await job_in(store, *DONE, age=10)
    wrong, extent = await dashboard.check_ledger()
    assert (wrong, extent.jobs, extent.accounts) == ([], 1, 1)


async def test_live_processes_are_listed_with_their_shards(postgres_url: str, clock: HandClock) -> None:
    async with (
        SqlStore(postgres_url, start=0, clock=clock) as first,
        DashboardQueries(postgres_url) as dashboard,
    ):
        await first.claim_shards(2, 4)
        async with SqlStore(postgres_url, start=0, clock=clock):
            figures = await dashboard.present()
            assert sorted(worker.shards for worker in figures.workers) == [0, 2]
            assert all(0 < worker.lease_left <= 30 for worker in figures.workers)
        assert len((await dashboard.present()).workers) == 1


async def test_a_writer_does_not_wait_for_the_dashboard(store: SqlStore, dashboard: DashboardQueries) -> None:
    async with dashboard._transaction() as connection:  # pyright: ignore[reportPrivateUsage]
        await connection.execute(sa.text("SELECT count(*) FROM jobs"))
        async with asyncio.timeout(PATIENCE):
            await job_in(store, *DONE, age=10)


# Plans


async def test_the_dashboard_reads_no_finished_jobs_but_those_of_the_last_hours(
    sqlite_url: str, clock: HandClock
) -> None:
    async with SqlStore(sqlite_url, start=100, clock=clock), DashboardQueries(sqlite_url) as dashboard:
        with recorded_statements() as statements:
            await dashboard.waiting()
            await dashboard.present()
            await dashboard.past(NOW)
    plans = await plan_steps(sqlite_url, statements, "SELECT")
    growing = [step for step in plans if "jobs" in step or "approvals" in step]
    assert len(growing) >= 8
    for step in growing:
        assert re.search(r"INDEX (jobs_open|approvals_waiting|jobs_settled \(settled_at>\?\))", step), step
