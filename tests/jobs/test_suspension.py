"""A process that was suspended or stops acts on a job only while that is its own."""

import asyncio
from typing import Any

import pytest

from bot.clock import WallClock
from bot.jobs.job import Job, State
from bot.sandbox.segmind import LocalSegmind
from bot.store import SqlStore
from tests.harness import eventually
from tests.jobs.harness import JobHarness, inline_job, job_harness
from tests.store.leases import let_leases_run_out
from tests.store.orders import HandClock, adopted_by


class JumpingClock(WallClock):
    """Clock that was set forward by some seconds, as after a suspension."""

    jump = 0.0

    def now(self) -> float:
        return super().now() + self.jump


@pytest.fixture(autouse=True)
def jumping_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.jobs.harness.WallClock", JumpingClock)


def after(state: State, harness: JobHarness, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Call `act` once, between the commit of a state and the next step."""
    move, acts = harness.store.move, [act]

    async def moved(job: Job, to: Job, **options: Any) -> Job:
        result = await move(job, to, **options)
        if to.state is state and acts:
            await acts.pop()()
        return result

    monkeypatch.setattr(harness.store, "move", moved)


async def run_past_a_takeover(
    harness: JobHarness, database: str, monkeypatch: pytest.MonkeyPatch, state: State, *, seconds: float
) -> None:
    """Run a job in a process that sleeps after the commit of a state while another one takes the job over."""
    async with SqlStore(database, start=100, clock=HandClock()) as successor:

        async def sleep_through_the_takeover() -> None:
            await let_leases_run_out(database)
            assert len(await adopted_by(successor)) == 1
            vars(harness.clock)["jump"] = seconds

        after(state, harness, monkeypatch, sleep_through_the_takeover)
        harness.runner.start(await harness.leave_open(inline_job()))
        await eventually(lambda: not harness.runner.running, lambda: "the task ends")


async def test_a_process_that_wakes_after_a_takeover_sends_nothing(
    postgres_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with job_harness(postgres_url, segmind) as harness:
        await run_past_a_takeover(harness, postgres_url, monkeypatch, State.SUBMITTING, seconds=60.0)
        assert segmind.submissions == ()


async def test_a_process_that_wakes_after_a_takeover_delivers_nothing(
    postgres_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with job_harness(postgres_url, segmind) as harness:
        await run_past_a_takeover(harness, postgres_url, monkeypatch, State.DONE, seconds=20.0)
        assert harness.watcher.ends == {}


async def test_a_process_that_wakes_before_a_takeover_sends_once(
    postgres_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with job_harness(postgres_url, segmind) as harness:

        async def sleep() -> None:
            vars(harness.clock)["jump"] = 20.0

        after(State.SUBMITTING, harness, monkeypatch, sleep)
        harness.runner.start(await harness.leave_open(inline_job()))
        ended, _ = await harness.ended()
        assert ended.state is State.DONE
        assert len(segmind.submissions) == 1


async def test_a_stop_between_the_commit_and_the_request_leaves_a_submitted_job(
    sqlite_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with job_harness(sqlite_url, segmind) as harness:
        committed, stopping = asyncio.Event(), asyncio.Event()

        async def wait_for_the_stop() -> None:
            committed.set()
            await stopping.wait()

        after(State.SUBMITTING, harness, monkeypatch, wait_for_the_stop)
        harness.runner.start(await harness.leave_open(inline_job()))
        await committed.wait()
        closing = asyncio.create_task(harness.runner.close())
        await eventually(lambda: not harness.runner.running, lambda: "the task is cancelled")
        stopping.set()
        await closing
        left = await harness.store.find("a")
        assert left is not None
        assert left.state is State.SUBMITTED
        assert len(segmind.submissions) == 1
