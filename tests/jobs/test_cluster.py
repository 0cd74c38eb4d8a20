"""Processes that share a database share the key's rate, and step down when their shards were taken."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, cast

import pytest

from bot.jobs.cluster import Cluster
from bot.jobs.service import JobService
from bot.settings.shards import ShardPlan
from bot.store import SqlStore
from tests.patience import PATIENCE
from tests.store.leases import let_leases_run_out
from tests.store.orders import START, HandClock, adopted_by

LEASE = 30.0


class NoOpenJobs:
    """Service that finds no jobs to take over."""

    def __init__(self) -> None:
        self.calls = 0

    async def resume(self) -> int:
        self.calls += 1
        return 0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def stores(postgres_url: str) -> AsyncGenerator[list[SqlStore]]:
    clock = HandClock()
    async with (
        SqlStore(postgres_url, start=START, clock=clock, lease=LEASE) as one,
        SqlStore(postgres_url, start=START, clock=clock, lease=LEASE) as other,
    ):
        for store in (one, other):
            await adopted_by(store)
        yield [one, other]


def cluster(store: SqlStore, clock: HandClock, shares: list[int] | None = None) -> Cluster:
    received: list[int] = [] if shares is None else shares
    return Cluster(store, clock, lease=LEASE, share_rate=received.append)


async def test_living_processes_share_the_rate_of_the_key(postgres_url: str, stores: list[SqlStore]) -> None:
    clock, shares, job_service = HandClock(), list[int](), NoOpenJobs()
    running = asyncio.create_task(
        cluster(stores[0], clock, shares).run(cast("JobService", cast("Any", job_service)))
    )
    await until(lambda: shares == [2])
    async with SqlStore(postgres_url, start=START, clock=HandClock(), lease=LEASE) as third:
        # While it stands by, it gets no share.
        clock.advance(LEASE / 3)
        await until(lambda: job_service.calls == 2)
        assert shares == [2]
        await adopted_by(third)
        clock.advance(LEASE / 3)
        await until(lambda: shares == [2, 3])
    clock.advance(LEASE / 3)
    await until(lambda: shares == [2, 3, 2])
    running.cancel()


async def test_a_process_whose_shards_were_taken_steps_down(
    postgres_url: str, stores: list[SqlStore]
) -> None:
    clock = HandClock()
    here = cluster(stores[0], clock)
    assert await here.shards(ShardPlan.read("any 2/2")) == [0, 1]
    running = asyncio.create_task(here.run(cast("JobService", cast("Any", NoOpenJobs()))))
    await until(lambda: clock.turns == 1)
    clock.advance(LEASE / 3)
    await until(lambda: clock.turns == 2)
    assert not here.replaced
    # As if this process had been paused for so long that its lease ran out.
    await let_leases_run_out(postgres_url)
    async with SqlStore(postgres_url, start=START, clock=HandClock(), lease=LEASE) as successor:
        assert await successor.claim_shards(2, 2) == [0, 1]
    clock.advance(LEASE / 3)
    await asyncio.wait_for(running, PATIENCE)
    assert here.replaced


class FailingStore(SqlStore):
    """Store whose count of the workers fails."""

    is_failing = True

    async def workers(self) -> int:
        if self.is_failing:
            raise ValueError("an answer that nobody expected")
        return await super().workers()


async def test_no_error_ends_the_checks_nor_keeps_jobs_from_being_taken_over(postgres_url: str) -> None:
    clock, job_service = HandClock(), NoOpenJobs()
    async with FailingStore(postgres_url, start=START, clock=HandClock(), lease=LEASE) as store:
        here = Cluster(store, clock, lease=LEASE, share_rate=list[int]().append)
        running = asyncio.create_task(here.run(cast("JobService", cast("Any", job_service))))
        for check in (1, 2):
            await until(lambda check=check: clock.turns == check)
            assert not here.is_failing
            clock.advance(LEASE / 3)
        await until(lambda: here.is_failing)
        assert job_service.calls == 3
        store.is_failing = False
        clock.advance(LEASE / 3)
        await until(lambda: not here.is_failing)
        running.cancel()


async def test_a_process_stands_by_while_others_serve_all_shards(stores: list[SqlStore]) -> None:
    clock = HandClock()
    first, second = (cluster(store, clock) for store in stores)
    assert await first.shards(ShardPlan.read("any 1/1")) == [0]
    standing_by = asyncio.create_task(second.shards(ShardPlan.read("any 1/1")))
    await until(lambda: clock.turns == 1)
    assert not standing_by.done()
    await stores[0].__aexit__()
    clock.advance(LEASE / 6)
    assert await standing_by == [0]


async def test_named_shards_need_no_claim(stores: list[SqlStore]) -> None:
    assert await cluster(stores[0], HandClock()).shards(ShardPlan.read("2-3/8")) == (2, 3)
    assert await cluster(stores[0], HandClock()).shards(None) == ()
