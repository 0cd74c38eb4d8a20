"""Several processes together have no more jobs in flight than a single one may."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import replace

import pytest

from bot.jobs.job import Job, State
from bot.jobs.ports import UNKNOWN_CAPACITY_SECONDS, Capacity, SlotRequest
from bot.store import SqlStore
from tests.store.leases import let_leases_run_out
from tests.store.orders import START, TERMS, HandClock, adopted_by, order, through

NOW = HandClock().time
WIDE = Capacity(in_all=100, per_server=100, per_member=100)


@pytest.fixture
async def processes(postgres_url: str) -> AsyncGenerator[list[SqlStore]]:
    clock = HandClock()
    async with (
        SqlStore(postgres_url, start=START, clock=clock, batch=3) as one,
        SqlStore(postgres_url, start=START, clock=clock, batch=2) as other,
    ):
        yield [one, other]


async def waiting(
    store: SqlStore, count: int, *, member: int = 2, server: int = 1, age: float = 0
) -> list[Job]:
    jobs = [order(f"{server}:{member}", price=1, created_at=NOW - age) for _ in range(count)]
    jobs = [replace(job, place=replace(job.place, guild_id=server)) for job in jobs]
    for job in jobs:
        await store.open(job, TERMS)
    return jobs


async def granted(
    store: SqlStore, jobs: Sequence[Job], capacity: Capacity, *, held: Collection[str] = ()
) -> list[Job]:
    """Ask for slots; return the jobs that have one now."""
    requests = [SlotRequest(job, capacity, NOW - job.created_at) for job in jobs]
    positions = await store.share_slots(requests, held=held)
    return [job for job in jobs if positions[job.id] == 0]


@pytest.mark.parametrize(
    ("capacity", "admitted"),
    [
        (replace(WIDE, in_all=7), 7),
        (replace(WIDE, per_server=3), 6),
        (replace(WIDE, per_member=2), 8),
    ],
)
async def test_racing_processes_share_the_capacity(
    processes: list[SqlStore], capacity: Capacity, admitted: int
) -> None:
    batches = [
        (
            store,
            [
                job
                for member, server in [(1, 1), (2, 1), (3, 2), (4, 2)]
                for job in await waiting(store, 4, member=member, server=server)
            ],
        )
        for store in processes
    ]
    submitted = 0
    # Each asks again, as a slot may be free for the other's older job first.
    for _ in range(3):
        await asyncio.gather(
            *(granted(store, jobs, capacity, held=[job.id for job in jobs]) for store, jobs in batches)
        )
    for store, jobs in batches:
        submitted += len(await granted(store, jobs, capacity))
    assert submitted == admitted


@pytest.mark.parametrize("end", [State.SUBMITTED, State.UNKNOWN])
async def test_a_finished_job_frees_its_capacity(processes: list[SqlStore], end: State) -> None:
    one, other = processes
    capacity = replace(WIDE, in_all=1)
    (first,) = await granted(one, await waiting(one, 1), capacity)
    held = await waiting(other, 1)
    assert await granted(other, held, capacity) == []
    first = await through(one, first, State.SUBMITTING)
    assert await granted(other, held, capacity) == []
    first = await through(one, first, end)
    assert await granted(other, held, capacity) == []
    await through(one, first, *([State.SUBMITTED] if end is State.UNKNOWN else []), State.READY)
    assert await granted(other, held, capacity) == held


async def test_a_free_slot_is_for_the_job_that_was_ordered_first_whoever_asks(
    processes: list[SqlStore],
) -> None:
    one, other = processes
    capacity = replace(WIDE, in_all=2)
    running = await granted(one, await waiting(one, 2, age=90), capacity)
    running = [await through(one, job, State.SUBMITTING, State.SUBMITTED) for job in running]
    (older,), younger = await waiting(other, 1, age=60), await waiting(one, 3, age=30)
    assert await granted(one, younger, capacity) == []
    assert await granted(other, [older], capacity) == []
    await through(one, running[0], State.READY)
    assert await granted(one, younger, capacity) == []
    assert await granted(other, [older], capacity) == [older]
    await through(one, running[1], State.READY)
    positions = await one.share_slots(
        [SlotRequest(job, capacity, NOW - job.created_at) for job in younger], held=()
    )
    assert sorted(positions.values()) == [0, 2, 3]


async def test_a_clock_that_is_wrong_brings_no_job_forward(
    postgres_url: str, processes: list[SqlStore]
) -> None:
    capacity = replace(WIDE, in_all=1)
    (running,) = await granted(processes[0], await waiting(processes[0], 1), capacity)
    (older,) = await waiting(processes[0], 1, age=20)
    slow = HandClock(NOW - 60)
    async with SqlStore(postgres_url, start=START, clock=slow) as store:
        younger = order("1:2", price=1, created_at=slow.time - 5)
        await store.open(younger, TERMS)
        request = SlotRequest(younger, capacity, slow.time - younger.created_at)
        assert await granted(processes[0], [older], capacity, held=[running.id]) == []
        assert await store.share_slots([request], held=()) == {younger.id: 2}


async def test_a_limit_that_holds_a_job_back_holds_no_other_process_back(processes: list[SqlStore]) -> None:
    one, other = processes
    capacity = Capacity(in_all=2, per_server=9, per_member=1)
    first, limited = await waiting(one, 2, age=60)
    assert await granted(one, [first], capacity) == [first]
    assert await granted(one, [limited], capacity, held=[first.id]) == []
    free = await waiting(other, 1, member=3)
    assert await granted(other, free, capacity) == free


async def test_jobs_of_a_dead_process_hold_no_slot_free(postgres_url: str, processes: list[SqlStore]) -> None:
    one, other = processes
    capacity = replace(WIDE, in_all=1)
    first, older = await waiting(one, 2, age=60)
    assert len(await granted(one, [first, older], capacity)) == 1
    waiting_here = await waiting(other, 1)
    await let_leases_run_out(postgres_url)
    # Adopted, the slot comes back, and the jobs begin anew.
    adopted = await adopted_by(other)
    assert {job.id for job in adopted} == {first.id, older.id}
    assert await granted(other, waiting_here, capacity) == waiting_here


async def test_a_slot_that_is_neither_held_nor_asked_for_comes_back(processes: list[SqlStore]) -> None:
    one, _ = processes
    capacity = replace(WIDE, in_all=1)
    first, second = await waiting(one, 1, age=60) + await waiting(one, 1)
    assert await granted(one, [first], capacity) == [first]
    assert await granted(one, [second], capacity, held=[first.id]) == []
    assert await granted(one, [second], capacity) == [second]


async def test_a_job_of_another_process_gets_no_slot(processes: list[SqlStore]) -> None:
    one, other = processes
    jobs = await waiting(one, 1)
    assert await other.share_slots([SlotRequest(jobs[0], WIDE, 0)], held=()) == {}


async def test_a_process_alone_keeps_its_own_count(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        assert len(await granted(store, await waiting(store, 3), replace(WIDE, in_all=1))) == 3


async def test_a_job_of_unknown_outcome_counts_for_a_while(processes: list[SqlStore]) -> None:
    one, other = processes
    clock = HandClock()
    ages = (0.0, UNKNOWN_CAPACITY_SECONDS + 1)
    for job, age in zip(await waiting(one, 2), ages, strict=True):
        submitting = await one.move(job, job.to(State.SUBMITTING, submitted_at=clock.now() - age))
        await one.move(submitting, submitting.to(State.UNKNOWN))
    assert len(await granted(other, await waiting(other, 3), replace(WIDE, in_all=3))) == 2
