"""Several processes together have no more jobs in flight than a single one may."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from bot.jobs.job import Job, State
from bot.jobs.ports import UNKNOWN_CAPACITY_SECONDS, AtCapacity, Capacity
from bot.store import SqlStore
from tests.store.orders import START, TERMS, HandClock, order, through

WIDE = Capacity(in_all=100, per_server=100, per_member=100)


@pytest.fixture
async def processes(postgres_url: str) -> AsyncGenerator[list[SqlStore]]:
    clock = HandClock()
    async with (
        SqlStore(postgres_url, start=START, clock=clock, batch=3) as one,
        SqlStore(postgres_url, start=START, clock=clock, batch=2) as other,
    ):
        yield [one, other]


async def waiting(store: SqlStore, count: int, *, member: int = 2, server: int = 1) -> list[Job]:
    jobs = [order(f"{server}:{member}", price=1) for _ in range(count)]
    jobs = [replace(job, place=replace(job.place, guild_id=server)) for job in jobs]
    for job in jobs:
        await store.open(job, TERMS)
    return jobs


async def submit(store: SqlStore, jobs: list[Job], capacity: Capacity) -> list[Job]:
    """Submit jobs, and return those that did not exceed the capacity."""
    moves = (store.move(job, job.to(State.SUBMITTING), capacity=capacity) for job in jobs)
    answers = await asyncio.gather(*moves, return_exceptions=True)
    assert all(isinstance(answer, Job | AtCapacity) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Job)]


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
        (store, await waiting(store, 4, member=member, server=server))
        for store in processes
        for member, server in [(1, 1), (2, 1), (3, 2), (4, 2)]
    ]
    submitted = await asyncio.gather(*(submit(store, jobs, capacity) for store, jobs in batches))
    assert sum(map(len, submitted)) == admitted


@pytest.mark.parametrize("end", [State.SUBMITTED, State.UNKNOWN])
async def test_a_finished_job_frees_its_capacity(processes: list[SqlStore], end: State) -> None:
    one, other = processes
    capacity = replace(WIDE, in_all=1)
    (first,) = await submit(one, await waiting(one, 1), capacity)
    held = await waiting(other, 1)
    assert await submit(other, held, capacity) == []
    first = await through(one, first, end)
    assert await submit(other, held, capacity) == []
    await through(one, first, *([State.SUBMITTED] if end is State.UNKNOWN else []), State.READY)
    assert len(await submit(other, held, capacity)) == 1


async def test_a_process_alone_keeps_its_own_count(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        assert len(await submit(store, await waiting(store, 3), replace(WIDE, in_all=1))) == 3


async def test_a_job_of_unknown_outcome_counts_for_a_while(processes: list[SqlStore]) -> None:
    one, other = processes
    clock = HandClock()
    ages = (0.0, UNKNOWN_CAPACITY_SECONDS + 1)
    for job, age in zip(await waiting(one, 2), ages, strict=True):
        submitting = await one.move(job, job.to(State.SUBMITTING, submitted_at=clock.now() - age))
        await one.move(submitting, submitting.to(State.UNKNOWN))
    assert len(await submit(other, await waiting(other, 3), replace(WIDE, in_all=3))) == 2
