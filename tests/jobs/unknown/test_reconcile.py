"""Jobs that turn up at Segmind after their release: the credits stay free, and the spending grows."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from bot.jobs.job import Job, Reason, State
from bot.jobs.unknown.reconcile import LateReconciler
from bot.ledger.budgets import budgets_of
from bot.segmind.errors import Unavailable
from bot.segmind.history import Found
from bot.store import SqlStore
from bot.store.errors import ChangeRejected
from tests.jobs.unknown.histories import PagedHistory, row_of
from tests.store.orders import START, TERMS, HandClock, money, order


class LateHistory(PagedHistory):
    """History that also finds requests by their ids."""

    def show(self, job: Job, status: str, cost: float | None) -> None:
        row = row_of(job, status=status)
        self.rows = [replace(row, found=replace(row.found, cost=cost))]

    async def history_record(self, request_id: str) -> Found | None:
        return next((row.found for row in self.rows if row.found.request_id == request_id), None)


@pytest.fixture
async def store(url: str) -> AsyncGenerator[SqlStore]:
    async with SqlStore(url, start=START, clock=HandClock()) as opened:
        yield opened


async def expired_job(store: SqlStore, clock: HandClock) -> Job:
    job = order(created_at=clock.now())
    await store.open(job, TERMS)
    job = await store.move(job, job.to(State.SUBMITTING))
    job = await store.move(job, job.to(State.SUBMITTED, request_id=f"r-{job.id}"))
    return await store.move(job, job.to(State.EXPIRED, settled_at=clock.now()))


async def released_job(store: SqlStore, clock: HandClock, *, age: float = 0) -> Job:
    job = order(created_at=clock.now() - age)
    await store.open(job, TERMS)
    for state in (State.SUBMITTING, State.UNKNOWN):
        job = await store.move(job, job.to(state))
    failed = job.to(State.FAILED, reason=Reason.NOT_FOUND, settled_at=clock.now())
    return await store.move(job, failed)


@pytest.mark.parametrize(
    ("status", "cost", "micros"),
    [("COMPLETED", 0.07, 70_000), ("COMPLETED", None, 50_000), ("FAILED", 0.07, 0)],
)
async def test_a_late_request_is_counted_once_and_never_charged(
    store: SqlStore, status: str, cost: float | None, micros: int
) -> None:
    clock, history = HandClock(), LateHistory()
    job = await released_job(store, clock)
    reconciler = LateReconciler(history, store, clock)
    await reconciler.reconcile()
    history.show(job, status, cost)
    for _ in range(2):
        await reconciler.reconcile()
    assert await money(store, job.account) == (START, 0)
    assert await store.discrepancies() == []
    _, day = budgets_of(1, job.created_at)
    assert await store.spent_in(day) == micros
    found = await store.find(job.id)
    assert found is not None
    assert (found.state, found.request_id) == (State.FAILED, f"r-{job.id}")
    spending = await store.spending(since=0, until=clock.now() + 1)
    assert [(row.late, row.credits) for row in spending] == ([(1, 0)] if micros else [])


@pytest.mark.parametrize(("status", "micros"), [("COMPLETED", 70_000), ("FAILED", 0)])
async def test_an_expired_request_is_counted_once_by_its_id(
    store: SqlStore, status: str, micros: int
) -> None:
    clock, history = HandClock(), LateHistory()
    job = await expired_job(store, clock)
    reconciler = LateReconciler(history, store, clock)
    await reconciler.reconcile()
    history.show(job, status, 0.07)
    for _ in range(2):
        await reconciler.reconcile()
    assert await money(store, job.account) == (START, 0)
    _, day = budgets_of(1, job.created_at)
    assert await store.spent_in(day) == micros
    assert await store.never_found(since=0) == []
    spending = await store.spending(since=0, until=clock.now() + 1)
    assert [(row.late, row.credits) for row in spending] == ([(1, 0)] if micros else [])


async def test_neither_pending_nor_unreadable_nor_old_requests_are_counted(store: SqlStore) -> None:
    clock, history = HandClock(), LateHistory()
    job = await released_job(store, clock)
    reconciler = LateReconciler(history, store, clock)
    history.show(job, "PENDING", None)
    await reconciler.reconcile()
    history.show(job, "COMPLETED", 0.07)
    history.error = Unavailable("the history is unavailable")
    await reconciler.reconcile()
    history.error = None
    await LateReconciler(history, store, HandClock(clock.now() + 2 * 86_400)).reconcile()
    assert await store.find(job.id) == replace(job)


async def test_one_failing_row_does_not_hide_the_other_jobs(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, found_late = HandClock(), store.found_late
    odd, late = [await released_job(store, clock) for _ in range(2)]
    history = LateHistory([row_of(odd), row_of(late)])

    async def record(job: Job, request_id: str, cost: float) -> bool:
        if job.id == odd.id:
            raise ChangeRejected("an odd row")
        return await found_late(job, request_id, cost)

    monkeypatch.setattr(store, "found_late", record)
    await LateReconciler(history, store, clock).reconcile()
    found = [await store.find(job.id) for job in (odd, late)]
    assert [job and job.request_id for job in found] == [None, f"r-{late.id}"]
    assert await store.discrepancies() == []


async def test_many_released_jobs_are_searched_for_in_one_pass(store: SqlStore) -> None:
    clock = HandClock()
    jobs = [await released_job(store, clock) for _ in range(20)]
    history = LateHistory(map(row_of, jobs))
    await LateReconciler(history, store, clock).reconcile()
    assert await store.never_found(since=0) == []
    assert history.pages == 1


async def test_a_job_that_was_released_long_after_its_order_is_searched_for(store: SqlStore) -> None:
    clock, history = HandClock(), LateHistory()
    job = await released_job(store, clock, age=7 * 86_400)
    history.show(job, "COMPLETED", 0.07)
    await LateReconciler(history, store, clock).reconcile()
    found = await store.find(job.id)
    assert found is not None
    assert found.request_id == f"r-{job.id}"
