"""The operator's pause: nothing new is sent by any process, what was sent goes on, and nothing is lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.jobs.job import State
from bot.jobs.ports import StoreAway
from bot.jobs.stages import Halted, Queued, Stage
from bot.jobs.submission_gate import SubmissionGate
from bot.jobs.supervision.pause import OperatorPause
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.breaker import Breaker, BreakerConfig
from bot.segmind.scheduler import RequestScheduler
from tests.clocks import HeldClock, LeapingClock
from tests.harness import local_segmind
from tests.jobs.harness import TICK, JobHarness, inline_job, job_harness
from tests.jobs.orders import TERMS
from tests.patience import PATIENCE


class Slate:
    """A memory that can be away."""

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self.trouble: Exception | None = None

    async def read_value(self, name: str) -> str | None:
        del name
        if self.trouble is not None:
            raise self.trouble
        return self.text

    async def write_value(self, name: str, text: str) -> None:
        del name
        self.text = text


def gate_of(clock: LeapingClock | HeldClock) -> SubmissionGate:
    return SubmissionGate(
        clock, RequestScheduler(clock, Breaker(clock.now, BreakerConfig()), name="Segmind", per_minute=60)
    )


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_halted_gate_takes_orders_and_lets_nobody_through_until_it_goes_on() -> None:
    gate = gate_of(LeapingClock())
    gate.pause()
    gate.check("faceswap-v5")
    shown: list[Stage] = []
    waiting = asyncio.create_task(gate.acquire("faceswap-v5", shown.append))
    await until(lambda: shown == [Halted()])
    assert not waiting.done()
    gate.resume()
    assert await waiting is False


async def test_whoever_stands_in_the_turnstile_when_it_is_halted_does_not_go_either() -> None:
    clock = HeldClock(1000.0)
    scheduler = RequestScheduler(clock, Breaker(clock.now, BreakerConfig()), name="Segmind", per_minute=60)
    gate = SubmissionGate(clock, scheduler)
    scheduler.back_off(1010)
    shown: list[Stage] = []
    waiting = asyncio.create_task(gate.acquire("faceswap-v5", shown.append))
    await until(lambda: shown)
    gate.pause()
    clock.move(20)
    await until(lambda: shown[-1] == Halted())
    assert not waiting.done()
    gate.resume()
    await asyncio.wait_for(waiting, PATIENCE)


async def test_a_pause_that_is_asked_for_twice_is_as_old_as_the_first_and_outlives_a_restart() -> None:
    clock, slate = LeapingClock(1000.0), Slate()
    pause = OperatorPause(gate_of(clock), slate, clock)
    assert (pause.since, pause.seconds) == (None, 0)
    await pause.pause()
    clock.time = 1060
    await pause.pause()
    assert (pause.since, pause.seconds) == (1000, 60)
    gate = gate_of(clock)
    restarted = OperatorPause(gate, slate, clock)
    await restarted.refresh()
    assert (restarted.since, gate.is_paused) == (1000, True)
    await restarted.resume()
    assert (restarted.since, gate.is_paused) == (None, False)
    await pause.refresh()
    assert pause.since is None


@pytest.mark.parametrize("trouble", [StoreAway("away"), RuntimeError("a bug")])
async def test_while_the_database_is_away_the_last_that_was_heard_holds(trouble: Exception) -> None:
    clock, slate = HeldClock(1000.0), Slate("990.0")
    gate = gate_of(clock)
    pause = OperatorPause(gate, slate, clock)
    await pause.refresh()
    slate.trouble = trouble
    running = asyncio.create_task(pause.run())
    for _ in range(3):
        await asyncio.sleep(0)
        clock.move(2)
    assert gate.is_paused
    slate.trouble, slate.text = None, "no number"
    await until(lambda: clock.move(2) or not gate.is_paused)
    running.cancel()


# Two processes


@asynccontextmanager
async def process(url: Path | str, segmind: LocalSegmind) -> AsyncGenerator[tuple[JobHarness, OperatorPause]]:
    async with job_harness(url, segmind) as harness:
        pause = OperatorPause(harness.gate, harness.store, harness.clock, interval=TICK)
        looking = asyncio.create_task(pause.run())
        try:
            yield harness, pause
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


async def test_of_two_processes_both_pause_and_both_go_on_and_what_was_sent_is_delivered_meanwhile(
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
        # More than there is room for, so that some of them stand in the line.
        waiting = [f"w{number}" for number in range(8)]
        for number, name in enumerate(waiting):
            await start((first, second)[number % 2], name)
        for harness in (first, second):
            await until(
                lambda harness=harness: (
                    {name for name, stage in harness.watcher.stages if stage == Halted()}
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
        assert await first.store.audit() == []


async def start(harness: JobHarness, name: str) -> None:
    job = inline_job(name)
    await harness.store.open(job, TERMS)
    harness.runner.start(job)
