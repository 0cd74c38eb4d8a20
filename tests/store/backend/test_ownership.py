"""Ownership of jobs: leases and epochs on Postgres, a lock file on SQLite."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from bot.jobs.job import Job, State
from bot.jobs.ports import StaleJob, StoreUnavailable
from bot.store import DatabaseInUse, SqlStore
from bot.store.write.adoption import SLICE
from tests.discord.forks import ROOT
from tests.discord.program import forked_program
from tests.patience import PATIENCE
from tests.postgres import connected
from tests.store.crashing_writer import MODULE
from tests.store.leases import let_leases_run_out
from tests.store.orders import (
    LIFE,
    START,
    TERMS,
    HandClock,
    adopted_by,
    enrolled,
    money,
    opened,
    order,
    through,
)
from tests.store.plans import plan_steps, recorded_statements
from tests.store.waiting import eventually

SKEW = 60.0
"""Difference between the clocks of two processes, longer than a lease."""


@pytest.fixture
async def paused(postgres_url: str, clock: HandClock) -> AsyncGenerator[SqlStore]:
    """Process whose clock stands still, so that it never renews its lease."""
    async with SqlStore(postgres_url, start=START, clock=clock) as store:
        yield store


@pytest.fixture
async def successor(postgres_url: str, paused: SqlStore, clock: HandClock) -> AsyncGenerator[SqlStore]:
    """Process for which the lease of the paused one has run out."""
    assert paused
    await let_leases_run_out(postgres_url)
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time)) as store:
        yield store


@pytest.fixture
async def neighbour(postgres_url: str, paused: SqlStore, clock: HandClock) -> AsyncGenerator[SqlStore]:
    """Process that runs at the same time."""
    assert paused
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time)) as store:
        yield store


async def test_jobs_that_a_former_run_left_open_are_adopted_those_in_flight_first_then_by_age(
    url: str, clock: HandClock
) -> None:
    jobs = [order(created_at=clock.time - age) for age in (10, 30, 20)]
    async with SqlStore(url, start=START, clock=clock) as former:
        for job in jobs:
            await former.open(job, TERMS)
        told = await through(former, await opened(former), *LIFE)
        await former.mark_told(told)
        untold = await through(former, await opened(former), *LIFE)
    async with SqlStore(url, start=START, clock=clock) as store:
        adopted = await adopted_by(store)
        assert adopted == [untold, jobs[1], jobs[2], jobs[0]]
        assert await adopted_by(store) == []
        for job in adopted[1:]:
            await through(store, job, *LIFE)
        await store.mark_told(adopted[0])
        assert await store.discrepancies() == []


async def test_a_store_does_not_adopt_its_own_jobs(store: SqlStore) -> None:
    await opened(store)
    assert await adopted_by(store) == []


async def test_the_jobs_of_a_live_worker_are_not_adopted(paused: SqlStore, neighbour: SqlStore) -> None:
    job = await opened(paused)
    assert await adopted_by(neighbour) == []
    await through(paused, job, State.SUBMITTING)


async def test_a_worker_cannot_move_the_job_of_another(paused: SqlStore, neighbour: SqlStore) -> None:
    job = await opened(paused)
    found = await neighbour.find(job.id)
    assert found is not None
    with pytest.raises(StaleJob):
        await through(neighbour, found, State.CANCELLED)
    with pytest.raises(StaleJob):
        await through(neighbour, job, State.CANCELLED)


async def test_a_job_is_taken_over_when_its_owners_lease_has_run_out(
    paused: SqlStore, successor: SqlStore
) -> None:
    job = await through(paused, await opened(paused), State.SUBMITTING)
    assert await adopted_by(successor) == [job]


async def test_a_worker_that_lost_a_job_cannot_move_settle_or_close_it(
    paused: SqlStore, successor: SqlStore
) -> None:
    job = await through(paused, await opened(paused), State.SUBMITTING, State.SUBMITTED, State.READY)
    [adopted] = await adopted_by(successor)
    for end in (State.DONE, State.FAILED):
        with pytest.raises(StaleJob):
            await through(paused, job, end)
    done = await through(successor, adopted, State.DONE)
    with pytest.raises(StaleJob):
        await paused.mark_told(job.to(State.DONE))
    await successor.mark_told(done)
    assert await money(paused, job.account) == (START - 5, 0)
    assert await successor.discrepancies() == []


async def test_a_worker_owns_its_open_jobs_while_its_lease_is_valid(
    paused: SqlStore, successor: SqlStore, clock: HandClock
) -> None:
    job, kept = await opened(paused), await opened(successor)
    assert await paused.owns(job.id)
    adopted = (await adopted_by(successor))[0]
    assert not await paused.owns(job.id)
    assert await successor.owns(job.id)
    await successor.mark_told(await through(successor, adopted, State.CANCELLED))
    assert not await successor.owns(job.id)
    own = await opened(paused)
    clock.time += SKEW
    assert not await paused.owns(own.id)
    assert await successor.owns(kept.id)


async def test_the_end_of_a_job_is_shown_again_by_its_owner_alone(
    paused: SqlStore, successor: SqlStore
) -> None:
    job = await opened(paused)
    [adopted] = await adopted_by(successor)
    assert not await paused.show_again(job.id)
    await successor.mark_told(await through(successor, adopted, State.CANCELLED))
    assert not await successor.show_again(job.id)
    assert await paused.show_again(job.id)
    again = await successor.find_own(job.id)
    assert again is not None
    assert (again.state, again.told) == (State.CANCELLED, False)
    assert await successor.owns(job.id)
    await successor.mark_told(again)
    assert await successor.discrepancies() == []


async def test_the_owner_of_a_waiting_job_is_asked_to_cancel_it(
    paused: SqlStore, neighbour: SqlStore
) -> None:
    waiting, submitting = await opened(paused), await opened(paused)
    await through(paused, submitting, State.SUBMITTING)
    assert not await neighbour.request_cancellation(submitting.id)
    assert await neighbour.request_cancellation(waiting.id)
    assert await neighbour.to_cancel() == []
    [asked] = await paused.to_cancel()
    assert asked == replace(waiting, cancel_requested=True)
    # A copy from before the request is still the owner's to move, and the request stays on record.
    submitted = await through(paused, waiting, State.SUBMITTING)
    assert await paused.to_cancel() == []
    await paused.move(submitted, replace(submitted, state=State.HELD))
    [asked] = await paused.to_cancel()
    await through(paused, asked, State.CANCELLED)
    assert await paused.to_cancel() == []
    assert not await neighbour.request_cancellation(waiting.id)


async def test_a_copy_from_before_two_adoptions_stays_fenced(
    postgres_url: str, paused: SqlStore, successor: SqlStore
) -> None:
    before = await opened(paused)
    [adopted] = await adopted_by(successor)
    await let_leases_run_out(postgres_url)
    [adopted_again] = await adopted_by(paused)
    for store, copy in ((paused, before), (successor, adopted)):
        with pytest.raises(StaleJob):
            await through(store, copy, State.SUBMITTING)
    await through(paused, adopted_again, State.SUBMITTING)


async def test_two_workers_that_adopt_at_once_take_no_job_twice(
    postgres_url: str, paused: SqlStore, successor: SqlStore, clock: HandClock
) -> None:
    jobs = await many(paused, 40)
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time)) as other:
        shares = await asyncio.gather(adopted_by(successor), adopted_by(other))
    assert sorted(job.id for share in shares for job in share) == sorted(job.id for job in jobs)


async def test_the_jobs_of_a_closed_store_can_be_adopted_at_once(
    postgres_url: str, neighbour: SqlStore, clock: HandClock
) -> None:
    async with SqlStore(postgres_url, start=START, clock=clock) as leaving:
        job = await opened(leaving)
    assert await adopted_by(neighbour) == [job]


@pytest.mark.parametrize("skew", [-SKEW, SKEW])
async def test_clocks_that_differ_take_no_job_from_a_live_worker(
    postgres_url: str, clock: HandClock, skew: float
) -> None:
    async with (
        SqlStore(postgres_url, start=START, clock=clock) as one,
        SqlStore(postgres_url, start=START, clock=HandClock(clock.time + skew)) as other,
    ):
        jobs = [await opened(store, price=1) for store in (one, other)]
        assert (await adopted_by(one), await adopted_by(other)) == ([], [])
        assert (await one.workers(), await other.workers()) == (2, 2)
        await let_leases_run_out(postgres_url, 25)
        assert (await adopted_by(one), await adopted_by(other)) == ([], [])
        await let_leases_run_out(postgres_url)
        assert await adopted_by(one) == jobs[1:]


async def _leases_left(raw: AsyncConnection) -> list[float]:
    left = "SELECT lease_until - extract(epoch FROM clock_timestamp()) FROM workers"
    return [float(seconds) for seconds in (await raw.exec_driver_sql(left)).scalars()]


async def _until_renewed(raw: AsyncConnection) -> None:
    async def holds() -> bool:
        return all(seconds > 0 for seconds in await _leases_left(raw))

    await eventually(holds)


async def test_the_lease_is_renewed_while_the_writer_is_stuck(
    postgres_url: str,
    paused: SqlStore,
    blocker: AsyncConnection,
    raw_postgres: AsyncConnection,
    clock: HandClock,
) -> None:
    # So that there is a row to lock.
    await enrolled(paused)
    await blocker.exec_driver_sql("SELECT * FROM accounts FOR UPDATE")
    waiting = asyncio.create_task(opened(paused))
    await let_leases_run_out(postgres_url)
    clock.advance(10)
    await _until_renewed(raw_postgres)
    assert not waiting.done()
    await blocker.rollback()
    await waiting


async def test_a_failed_lease_renewal_is_retried(
    postgres_url: str, paused: SqlStore, raw_postgres: AsyncConnection, clock: HandClock
) -> None:
    await let_leases_run_out(postgres_url)
    await raw_postgres.exec_driver_sql("ALTER TABLE workers RENAME TO elsewhere")
    clock.advance(10)

    async def failed() -> bool:
        return clock.turns == 2

    await eventually(failed)
    await raw_postgres.exec_driver_sql("ALTER TABLE elsewhere RENAME TO workers")
    clock.advance(10)
    await _until_renewed(raw_postgres)
    assert paused


async def test_a_lease_renewal_that_hangs_is_given_up_and_made_anew(
    postgres_url: str, blocker: AsyncConnection, raw_postgres: AsyncConnection, clock: HandClock
) -> None:
    async with SqlStore(postgres_url, start=START, clock=clock, lease=1) as store:
        await let_leases_run_out(postgres_url)
        await blocker.exec_driver_sql("LOCK TABLE workers")
        turns = clock.turns
        clock.advance(1)

        async def given_up() -> bool:
            return clock.turns > turns

        await eventually(given_up)
        with pytest.raises(StoreUnavailable):
            await adopted_by(store)
        await blocker.rollback()

        async def renewed() -> bool:
            clock.advance(1)
            return any(seconds > 0 for seconds in await _leases_left(raw_postgres))

        await eventually(renewed)


async def test_the_rows_of_dead_workers_are_deleted(
    paused: SqlStore, successor: SqlStore, raw_postgres: AsyncConnection
) -> None:
    assert paused
    await adopted_by(successor)
    assert len(await _leases_left(raw_postgres)) == 1


async def test_a_check_that_finds_nothing_to_adopt_waits_for_no_writer(
    sqlite_url: str, clock: HandClock
) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        await opened(store)
        async with (
            asyncio.timeout(PATIENCE),
            store._transaction(),  # pyright: ignore[reportPrivateUsage]
        ):
            assert await adopted_by(store) == []


async def test_a_file_cannot_be_opened_twice(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock):
        with pytest.raises(DatabaseInUse) as raised:
            async with SqlStore(sqlite_url, start=START, clock=clock):
                pass
    assert raised.value.path == Path(sqlite_url.removeprefix("sqlite:///"))
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        assert await store.discrepancies() == []


async def test_a_second_process_cannot_open_the_file(sqlite_url: str, clock: HandClock) -> None:
    async with (
        SqlStore(sqlite_url, start=START, clock=clock),
        forked_program(sqlite_url, cwd=ROOT, environment={}, module=MODULE) as second,
    ):
        assert await second.end() == 1
    assert "DatabaseInUse" in second.output


async def test_many_slices_of_open_jobs_are_adopted(url: str, clock: HandClock) -> None:
    number = 6 * SLICE
    async with SqlStore(url, start=number, clock=clock) as former:
        await many(former, number)
    async with SqlStore(url, start=number, clock=clock) as store:
        adopted = await adopted_by(store)
        assert len({job.id for job in adopted}) == number
        await asyncio.gather(*(through(store, job, State.CANCELLED) for job in adopted[:100]))
        assert await money(store, "1:2") == (100, number - 100)
        assert await store.discrepancies() == []


async def many(store: SqlStore, number: int) -> Sequence[Job]:
    """Open jobs at the same time, which share their commits."""
    return await asyncio.gather(*(opened(store, price=1) for _ in range(number)))


def _oldest_first(jobs: Sequence[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (job.created_at, job.id))


@pytest.mark.parametrize(
    "damage",
    ["UPDATE jobs SET reason = 'of a newer version'", "UPDATE jobs SET body = '{'"],
    ids=["reason", "body"],
)
async def test_a_row_that_cannot_be_read_is_left_alone_and_keeps_no_other_from_adoption(
    url: str, clock: HandClock, damage: str
) -> None:
    async with SqlStore(url, start=10_000, clock=clock) as former:
        jobs = _oldest_first(await many(former, SLICE + 20))
    odd = jobs.pop(7)
    async with connected(url) as raw:
        await raw.exec_driver_sql(f"{damage} WHERE id = '{odd.id}'")
        async with SqlStore(url, start=10_000, clock=clock) as store:
            with capture_logs() as logs:
                assert await adopted_by(store) == jobs
                await adopted_by(store)
            assert [(line["event"], line["job"]) for line in logs] == [("open job could not be read", odd.id)]
            assert store.unreadable_jobs() == 1
            await raw.exec_driver_sql(f"UPDATE jobs SET reason = NULL, body = '{{}}' WHERE id = '{odd.id}'")
            assert [job.id for job in await adopted_by(store)] == [odd.id]
            assert store.unreadable_jobs() == 0


async def test_jobs_are_adopted_in_slices_each_durable_before_the_next(url: str, clock: HandClock) -> None:
    async with SqlStore(url, start=10_000, clock=clock) as former:
        jobs = _oldest_first(await many(former, 2 * SLICE + 1))
    async with SqlStore(url, start=10_000, clock=clock) as store:
        slices = store.adopt()
        first = await anext(slices)
        await slices.aclose()
        assert first == jobs[:SLICE]
        await through(store, first[0], State.SUBMITTING)
        assert [len(each) async for each in store.adopt()] == [SLICE, 1]


async def test_adoption_reads_only_open_jobs(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as former:
        job = await opened(former)
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        with recorded_statements() as statements:
            assert [each.id for each in await adopted_by(store)] == [job.id]
    plans = await plan_steps(sqlite_url, statements, "SELECT", "UPDATE")
    assert any("INDEX jobs_open" in step for step in plans)
    assert not [step for step in plans if step.startswith("SCAN jobs") and "jobs_open" not in step]
