"""The sweep starts open jobs that nobody runs, and stops the tasks of jobs that another process owns."""

from collections.abc import AsyncGenerator

import pytest
import sqlalchemy as sa

from bot.jobs.job import Reason, State
from bot.jobs.stages import Paused
from bot.jobs.sweep import Sweep
from bot.sandbox.segmind import LocalSegmind
from bot.store import SqlStore
from tests.harness import eventually
from tests.jobs.harness import JobHarness, inline_job, job_harness
from tests.jobs.orders import TERMS
from tests.store.leases import let_leases_run_out
from tests.store.orders import HandClock, adopted_by


@pytest.fixture
async def harness(url: str, segmind: LocalSegmind) -> AsyncGenerator[JobHarness]:
    async with job_harness(url, segmind) as opened:
        yield opened


async def test_an_open_job_without_a_task_is_started(harness: JobHarness, segmind: LocalSegmind) -> None:
    sweep = Sweep(harness.store, harness.runner, harness.clock)
    for name in "ab":
        await harness.leave_open(inline_job(name))
    await sweep.sweep()
    await sweep.sweep()
    for name in "ab":
        assert (await harness.ended(name))[0].state is State.DONE
    assert len(segmind.submissions) == 2
    await sweep.sweep()
    await eventually(lambda: not harness.runner.running, lambda: "both tasks end")


async def test_the_open_jobs_are_read_in_slices(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.write.jobs._SLICE", 2)
    harness.gate.pause()
    for name in "edcba":
        # Two jobs of one instant are told apart by their ids.
        await harness.leave_open(inline_job(name))
    await Sweep(harness.store, harness.runner, harness.clock).sweep()
    assert harness.runner.running == frozenset("abcde")


async def test_the_task_of_a_job_that_another_process_owns_is_stopped(
    postgres_url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(postgres_url, segmind) as harness:
        harness.gate.pause()
        harness.runner.start(await harness.leave_open(inline_job("lost")))
        await harness.shows("lost", Paused)
        await let_leases_run_out(postgres_url)
        async with SqlStore(postgres_url, start=100, clock=HandClock()) as successor:
            assert len(await adopted_by(successor)) == 1
            own = inline_job("own")
            await harness.store.open(own, TERMS)
            harness.runner.start(own)
            await Sweep(harness.store, harness.runner, harness.clock).sweep()
            await eventually(
                lambda: harness.runner.running == frozenset({"own"}), lambda: "the task of the lost job ends"
            )
    assert harness.queue.length == 0


async def test_the_task_of_a_job_that_the_database_has_lost_tells_the_member(harness: JobHarness) -> None:
    harness.gate.pause()
    harness.runner.start(await harness.leave_open(inline_job()))
    await harness.shows("a", Paused)
    async with harness.store._database.begin() as connection:  # pyright: ignore[reportPrivateUsage]
        await connection.execute(sa.text("DELETE FROM jobs"))
    await Sweep(harness.store, harness.runner, harness.clock).sweep()
    harness.gate.resume()
    await eventually(lambda: harness.watcher.ends or None, lambda: "the member is told")
    assert harness.watcher.ends["a"][0].reason is Reason.FORGOTTEN
