"""Whose job it is: leases and epochs on Postgres, a lock file on SQLite."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import State
from bot.jobs.ports import StaleJob
from bot.store import DatabaseInUse, SqlStore
from tests.store.crashing_writer import COMMAND, ROOT
from tests.store.orders import LIFE, START, TERMS, HandClock, money, opened, order, through
from tests.store.plans import plan_steps, recorded_statements
from tests.store.waiting import eventually

LATER = 31.0
"""By more than a lease."""


@pytest.fixture
async def paused(postgres_url: str, clock: HandClock) -> AsyncGenerator[SqlStore]:
    """Its clock stands, as in a process that was stopped: the lease is never renewed."""
    async with SqlStore(postgres_url, start=START, clock=clock) as store:
        yield store


@pytest.fixture
async def heir(postgres_url: str, paused: SqlStore, clock: HandClock) -> AsyncGenerator[SqlStore]:
    """Another process, for which the first one's lease has run out."""
    assert paused
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time + LATER)) as store:
        yield store


@pytest.fixture
async def neighbour(postgres_url: str, paused: SqlStore, clock: HandClock) -> AsyncGenerator[SqlStore]:
    """Another process at the same time."""
    assert paused
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time)) as store:
        yield store


async def test_what_a_former_run_left_open_is_adopted_oldest_first(url: str, clock: HandClock) -> None:
    jobs = [order(created_at=clock.time - age) for age in (10, 30, 20)]
    async with SqlStore(url, start=START, clock=clock) as former:
        for job in jobs:
            await former.open(job, TERMS)
        told = await through(former, await opened(former), *LIFE)
        await former.mark_told(told)
        untold = await through(former, await opened(former), *LIFE)
    async with SqlStore(url, start=START, clock=clock) as store:
        adopted = await store.adopt()
        assert adopted == [jobs[1], jobs[2], jobs[0], untold]
        assert await store.adopt() == []
        for job in adopted[:3]:
            await through(store, job, *LIFE)
        await store.mark_told(adopted[3])
        assert await store.audit() == []


async def test_ones_own_jobs_are_not_adopted(store: SqlStore) -> None:
    await opened(store)
    assert await store.adopt() == []


async def test_the_jobs_of_a_living_neighbour_are_left_alone(paused: SqlStore, neighbour: SqlStore) -> None:
    job = await opened(paused)
    assert await neighbour.adopt() == []
    await through(paused, job, State.SUBMITTING)


async def test_nobody_moves_the_job_of_another(paused: SqlStore, neighbour: SqlStore) -> None:
    job = await opened(paused)
    found = await neighbour.find(job.id)
    assert found is not None
    with pytest.raises(StaleJob):
        await through(neighbour, found, State.CANCELLED)
    with pytest.raises(StaleJob):
        await through(neighbour, job, State.CANCELLED)


async def test_a_job_is_taken_over_when_its_owners_lease_has_run_out(
    paused: SqlStore, heir: SqlStore
) -> None:
    job = await through(paused, await opened(paused), State.SUBMITTING)
    assert await heir.adopt() == [job]


async def test_whoever_lost_a_job_cannot_move_settle_or_tell_it(paused: SqlStore, heir: SqlStore) -> None:
    job = await through(paused, await opened(paused), State.SUBMITTING, State.SUBMITTED, State.READY)
    [adopted] = await heir.adopt()
    for end in (State.DONE, State.FAILED):
        with pytest.raises(StaleJob):
            await through(paused, job, end)
    done = await through(heir, adopted, State.DONE)
    with pytest.raises(StaleJob):
        await paused.mark_told(job.to(State.DONE))
    await heir.mark_told(done)
    assert await money(paused, job.account) == (START - 5, 0)
    assert await heir.audit() == []


async def test_a_copy_from_before_two_adoptions_stays_fenced(
    paused: SqlStore, heir: SqlStore, clock: HandClock
) -> None:
    before = await opened(paused)
    [lent] = await heir.adopt()
    clock.time += 3 * LATER
    [back] = await paused.adopt()
    for store, copy in ((paused, before), (heir, lent)):
        with pytest.raises(StaleJob):
            await through(store, copy, State.SUBMITTING)
    await through(paused, back, State.SUBMITTING)


async def test_two_heirs_share_what_is_left_without_taking_anything_twice(
    postgres_url: str, paused: SqlStore, heir: SqlStore, clock: HandClock
) -> None:
    jobs = [await opened(paused, price=1) for _ in range(40)]
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time + LATER)) as other:
        shares = await asyncio.gather(heir.adopt(), other.adopt())
    assert sorted(job.id for share in shares for job in share) == sorted(job.id for job in jobs)


async def test_a_store_that_was_closed_leaves_its_jobs_to_the_others_at_once(
    postgres_url: str, neighbour: SqlStore, clock: HandClock
) -> None:
    async with SqlStore(postgres_url, start=START, clock=clock) as leaving:
        job = await opened(leaving)
    assert await neighbour.adopt() == [job]


async def _until_renewed(raw: AsyncConnection, until: float) -> None:
    async def holds() -> bool:
        return (await raw.exec_driver_sql("SELECT lease_until FROM workers")).scalar_one() == until

    await eventually(holds)


async def test_the_lease_is_renewed_while_the_writer_is_stuck(
    paused: SqlStore, blocker: AsyncConnection, raw_postgres: AsyncConnection, clock: HandClock
) -> None:
    await paused.balance("1:2")
    await blocker.exec_driver_sql("SELECT * FROM accounts FOR UPDATE")
    waiting = asyncio.create_task(opened(paused))
    clock.advance(10)
    await _until_renewed(raw_postgres, clock.time + 30)
    assert not waiting.done()
    await blocker.rollback()
    await waiting


async def test_a_lease_that_could_not_be_renewed_is_renewed_at_the_next_turn(
    paused: SqlStore, raw_postgres: AsyncConnection, clock: HandClock
) -> None:
    await raw_postgres.exec_driver_sql("ALTER TABLE workers RENAME TO elsewhere")
    clock.advance(10)

    async def failed() -> bool:
        return clock.turns == 2

    await eventually(failed)
    await raw_postgres.exec_driver_sql("ALTER TABLE elsewhere RENAME TO workers")
    clock.advance(10)
    await _until_renewed(raw_postgres, clock.time + 30)
    assert paused


async def test_a_second_opening_of_a_file_is_refused_at_once(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock):
        with pytest.raises(DatabaseInUse) as refusal:
            async with SqlStore(sqlite_url, start=START, clock=clock):
                pass
    assert refusal.value.path == Path(sqlite_url.removeprefix("sqlite:///"))
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        assert await store.audit() == []


async def test_a_second_process_on_a_file_is_refused_at_once(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock):
        second = await asyncio.create_subprocess_exec(
            *COMMAND, sqlite_url, cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        _, complaint = await second.communicate()
    assert second.returncode == 1
    assert b"DatabaseInUse" in complaint


async def test_ten_thousand_open_jobs_are_adopted(url: str, clock: HandClock) -> None:
    async with SqlStore(url, start=10_000, clock=clock) as former:
        await asyncio.gather(*(former.open(order(price=1), TERMS) for _ in range(10_000)))
    async with SqlStore(url, start=10_000, clock=clock) as store:
        adopted = await store.adopt()
        assert len({job.id for job in adopted}) == 10_000
        await asyncio.gather(*(through(store, job, State.CANCELLED) for job in adopted[:100]))
        assert await money(store, "1:2") == (100, 9_900)
        assert await store.audit() == []


async def test_whoever_adopts_looks_at_open_jobs_alone(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        await opened(store)
        with recorded_statements() as said:
            await store.adopt()
    plans = await plan_steps(sqlite_url, said, "WITH", "UPDATE")
    assert any("INDEX jobs_open" in step for step in plans)
    assert not [step for step in plans if step.startswith("SCAN") and "jobs_open" not in step]
