"""During the operator's pause no process submits a job, and submitted jobs go on."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.jobs.job import State
from bot.jobs.ports import StoreUnavailable
from bot.jobs.stages import Paused, Queued, Stage
from bot.jobs.supervision.pause import OperatorPause
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.rate import KeyRate
from bot.segmind.scheduler import RequestScheduler
from tests.clocks import HeldClock, LeapingClock
from tests.harness import local_segmind
from tests.jobs.harness import TICK, JobHarness, inline_job, job_harness
from tests.jobs.orders import TERMS
from tests.patience import PATIENCE


class Values:
    """Stored value that can be unavailable."""

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self.error: Exception | None = None
        self.failed_reads = 0

    async def read_value(self, name: str) -> str | None:
        del name
        if self.error is not None:
            self.failed_reads += 1
            raise self.error
        return self.text

    async def write_value(self, name: str, text: str) -> None:
        del name
        self.text = text


def gate_of(clock: LeapingClock | HeldClock) -> SubmissionGate:
    return SubmissionGate(
        clock, RequestScheduler(clock, Breaker(clock.now, BreakerConfig()), name="Segmind", rate=KeyRate(60))
    )


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_paused_gate_takes_orders_and_lets_no_job_through_until_it_is_resumed() -> None:
    gate = gate_of(LeapingClock())
    gate.pause()
    gate.check("faceswap-v5")
    shown: list[Stage] = []
    waiting = asyncio.create_task(gate.acquire("faceswap-v5", shown.append))
    await until(lambda: shown == [Paused()])
    assert not waiting.done()
    gate.resume()
    assert await waiting is False


async def test_a_job_that_waits_for_the_rate_limit_is_paused_too() -> None:
    clock = HeldClock(1000.0)
    scheduler = RequestScheduler(clock, Breaker(clock.now, BreakerConfig()), name="Segmind", rate=KeyRate(60))
    gate = SubmissionGate(clock, scheduler)
    scheduler.back_off(1010)
    shown: list[Stage] = []
    waiting = asyncio.create_task(gate.acquire("faceswap-v5", shown.append))
    await until(lambda: shown)
    gate.pause()
    clock.move(20)
    await until(lambda: shown[-1] == Paused())
    assert not waiting.done()
    gate.resume()
    await asyncio.wait_for(waiting, PATIENCE)


async def test_a_second_pause_keeps_the_start_of_the_first_one_and_both_outlive_a_restart() -> None:
    clock, values = LeapingClock(1000.0), Values()
    pause = OperatorPause(gate_of(clock), values, clock)
    assert (pause.since, pause.seconds) == (None, 0)
    await pause.pause()
    clock.time = 1060
    await pause.pause()
    assert (pause.since, pause.seconds) == (1000, 60)
    gate = gate_of(clock)
    restarted = OperatorPause(gate, values, clock)
    await restarted.refresh()
    assert (restarted.since, gate.is_paused) == (1000, True)
    await restarted.resume()
    assert (restarted.since, gate.is_paused) == (None, False)
    await pause.refresh()
    assert pause.since is None


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is full"), RuntimeError("a bug")])
async def test_while_the_database_is_unavailable_the_last_known_state_holds(error: Exception) -> None:
    clock, values = HeldClock(1000.0), Values("990.0")
    gate = gate_of(clock)
    pause = OperatorPause(gate, values, clock)
    await pause.refresh()
    values.error = error
    running = asyncio.create_task(pause.run())
    await until(lambda: clock.move(2) or values.failed_reads > 1)
    assert gate.is_paused
    values.error, values.text = None, "no number"
    await until(lambda: clock.move(2) or not gate.is_paused)
    running.cancel()


@asynccontextmanager
async def process(url: str, segmind: LocalSegmind) -> AsyncGenerator[tuple[JobHarness, OperatorPause]]:
    async with job_harness(url, segmind) as harness:
        pause = OperatorPause(harness.gate, harness.store, harness.clock, interval=TICK)
        refreshing = asyncio.create_task(pause.run())
        try:
            yield harness, pause
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)


async def test_two_processes_pause_and_resume_together_and_submitted_jobs_are_delivered_meanwhile(
    postgres_url: str,
) -> None:
    clock = HeldClock()
    async with (
        local_segmind(clock) as segmind,
        process(postgres_url, segmind) as (first, pause),
        process(postgres_url, segmind) as (second, other),
    ):
        await start(second, "sent")
        await second.shows("sent", Queued)
        await pause.pause()
        await until(lambda: other.since == pause.since)
        # More than capacity allows, so that some of them wait in the queue.
        waiting = [f"w{number}" for number in range(8)]
        for number, name in enumerate(waiting):
            await start((first, second)[number % 2], name)
        for harness in (first, second):
            await until(
                lambda harness=harness: (
                    {name for name, stage in harness.watcher.stages if stage == Paused()}
                    == set(waiting[0::2] if harness is first else waiting[1::2])
                )
            )
        clock.move(60)
        assert (await second.ended("sent"))[0].state is State.DONE
        assert len(segmind.submissions) == 1
        await other.resume()
        for number, name in enumerate(waiting):
            harness = (first, second)[number % 2]
            await harness.shows(name, Queued)
            await until(lambda name=name, harness=harness: clock.move(1) or name in harness.watcher.ends)
            assert (await harness.ended(name))[0].state is State.DONE
        assert len(segmind.submissions) == 1 + len(waiting)
        assert await first.store.discrepancies() == []


async def start(harness: JobHarness, name: str) -> None:
    job = inline_job(name)
    await harness.store.open(job, TERMS)
    harness.runner.start(job)
