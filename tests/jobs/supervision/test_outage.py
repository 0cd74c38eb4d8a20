"""During an outage of Segmind jobs keep their state, and nothing is sent twice."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from bot.jobs.job import Reason, State
from bot.jobs.stages import Collecting, Processing, Queued, Reconnecting, Searching
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.breaker import BreakerConfig
from bot.segmind.client import RateConfig, SegmindClient
from bot.segmind.errors import OutcomeUnknown
from bot.segmind.states import Accepted
from tests.clocks import HeldClock
from tests.harness import eventually, local_segmind
from tests.jobs.harness import JobHarness, inline_job, job_harness

FUSE = BreakerConfig(failures=3, pause=0.05, max_pause=0.2)


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def segmind(clock: HeldClock) -> AsyncGenerator[LocalSegmind]:
    async with local_segmind(clock) as server:
        yield server


@pytest.fixture
async def harness(sqlite_url: str, segmind: LocalSegmind) -> AsyncGenerator[JobHarness]:
    rate = RateConfig(per_minute=1_000_000, breaker=FUSE)
    async with job_harness(sqlite_url, segmind, rate=rate) as opened:
        yield opened


async def start(harness: JobHarness, *names: str) -> None:
    for name in names:
        harness.runner.start(await harness.leave_open(inline_job(name)))


async def state(harness: JobHarness, name: str) -> State:
    job = await harness.store.find(name)
    assert job is not None
    return job.state


async def finish_all(harness: JobHarness, clock: HeldClock, *names: str) -> None:
    for name in names:
        await harness.shows(name, Queued)

    def ended() -> bool:
        # Segmind works on a few jobs at a time.
        clock.move(10)
        return all(name in harness.watcher.ends for name in names)

    await eventually(ended, lambda: f"{names} end")
    for name in names:
        assert (await harness.ended(name))[0].state is State.DONE
    assert await harness.store.discrepancies() == []


async def test_jobs_go_on_after_an_outage_in_the_state_that_they_had(
    harness: JobHarness, segmind: LocalSegmind, clock: HeldClock
) -> None:
    await start(harness, "a", "b")
    await harness.shows("a", Queued)
    await harness.shows("b", Queued)
    await segmind.pause()
    await start(harness, "c")
    await harness.shows("c", Reconnecting)
    await eventually(lambda: harness.client.scheduler.in_outage, lambda: "the breaker opens")
    assert [await state(harness, name) for name in "ab"] == [State.SUBMITTED] * 2
    assert (await state(harness, "c")) in {State.HELD, State.SUBMITTING}
    await segmind.resume()
    await finish_all(harness, clock, *"abc")
    assert len(segmind.submissions) == len(segmind.billed) == 3


async def test_while_segmind_fails_one_probe_at_a_time_is_sent(
    harness: JobHarness, segmind: LocalSegmind, clock: HeldClock
) -> None:
    names = ["one", "two", "three", "four"]
    await start(harness, *names)
    for name in names:
        await harness.shows(name, Queued, Processing)
    segmind.faults.always("*", "error-before=502")
    await eventually(lambda: harness.client.scheduler.in_outage, lambda: "the breaker opens")
    await start(harness, "late")
    requests = sum(segmind.calls.values())
    began = harness.clock.now()
    await eventually(lambda: sum(segmind.calls.values()) >= requests + 5, lambda: "five more probes")
    # Without the breaker, four jobs would send hundreds of requests in this time.
    pauses = 0.8 * sum(min(FUSE.pause * 2**index, FUSE.max_pause) for index in range(4))
    assert harness.clock.now() - began >= pauses
    assert segmind.calls["submit"] == 4
    segmind.faults.clear()
    await finish_all(harness, clock, *names, "late")
    assert segmind.calls["submit"] == 5


async def test_a_single_waiting_job_notices_the_end_of_the_outage(
    harness: JobHarness, segmind: LocalSegmind, clock: HeldClock
) -> None:
    """No status request is due, and a submission is no probe, so the probe requests the balance."""
    await segmind.pause()
    await start(harness, "a")
    await eventually(lambda: harness.client.scheduler.in_outage, lambda: "the breaker opens")
    await segmind.resume()
    await harness.shows("a", Queued)
    assert segmind.calls["credits"] >= 1
    await finish_all(harness, clock, "a")


async def test_submissions_of_unknown_outcome_open_the_breaker_and_are_all_searched_for(
    harness: JobHarness, segmind: LocalSegmind, clock: HeldClock
) -> None:
    """Requests that Segmind accepted before the outage are found; waiting jobs are not sent into it."""
    names = ["first", "second", "third"]
    segmind.faults.next("submit", "error-after=502", times=FUSE.failures)
    for probe in ("credits", "status"):
        segmind.faults.always(probe, "error-before=502")
    await start(harness, *names)
    for name in names:
        await harness.shows(name, Searching)
    await start(harness, "fourth")
    await harness.shows("fourth", Reconnecting)
    assert segmind.calls["submit"] == 3
    assert await state(harness, "fourth") is State.HELD
    segmind.faults.clear()
    await finish_all(harness, clock, *names, "fourth")
    assert segmind.calls["submit"] == len(segmind.billed) == 4


async def test_a_job_that_waited_too_long_is_released(sqlite_url: str, segmind: LocalSegmind) -> None:
    await segmind.pause()
    rate = RateConfig(per_minute=1_000_000, breaker=FUSE, outage_timeout=0.2)
    async with job_harness(sqlite_url, segmind, rate=rate) as harness:
        await start(harness, "a")
        ended, _ = await harness.ended("a")
        assert (ended.state, ended.reason) == (State.FAILED, Reason.UNREACHABLE)
        assert (await harness.store.balance(ended.account)).free == 100
    assert segmind.submissions == ()


async def test_a_result_whose_server_is_down_is_fetched_later_and_captured_once(
    harness: JobHarness, segmind: LocalSegmind, clock: HeldClock
) -> None:
    await start(harness, "a")
    await harness.shows("a", Queued)
    segmind.faults.always("file", "error-before=502")
    clock.move(60)
    await harness.shows("a", Collecting)
    assert await state(harness, "a") is State.READY
    await eventually(lambda: segmind.calls["file"] > FUSE.failures, lambda: "it is tried again")
    segmind.faults.clear()
    ended, content = await harness.ended("a")
    assert ended.state is State.DONE
    assert content is not None
    assert (await harness.store.balance(ended.account)).free == 95


async def test_a_result_that_stays_unavailable_is_not_charged(sqlite_url: str, segmind: LocalSegmind) -> None:
    segmind.faults.always("file", "error-before=502")
    async with job_harness(sqlite_url, segmind, job_timeout=0.2) as harness:
        order = await harness.leave_open(
            inline_job("a"),
            (State.SUBMITTING, {}),
            (State.SUBMITTED, {"request_id": "r"}),
            (State.READY, {"output": f"{segmind.url}/files/gone.png"}),
        )
        harness.runner.start(order)
        ended, _ = await harness.ended("a")
        assert (ended.state, ended.reason) == (State.FAILED, Reason.RESULT)
        assert (await harness.store.balance(ended.account)).free == 100


class LostResponses(SegmindClient):
    """Client whose responses to submissions are lost."""

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        await super().submit(slug, body)
        raise OutcomeUnknown("cut off")


async def test_a_request_is_searched_for_until_the_history_can_be_read(
    sqlite_url: str, segmind: LocalSegmind, clock: HeldClock
) -> None:
    """A history that is unavailable for longer than the window proves nothing."""
    segmind.faults.always("history", "error-before=502")
    async with job_harness(sqlite_url, segmind, LostResponses) as harness:
        await start(harness, "order-a")
        await harness.shows("order-a", Searching)
        requests = segmind.calls["history"]
        # The window of the harness is 0.3 s.
        began = harness.clock.now()
        await eventually(lambda: harness.clock.now() > began + 0.5, lambda: "the window passes")
        assert segmind.calls["history"] > requests
        assert await state(harness, "order-a") is State.UNKNOWN
        segmind.faults.clear()
        await harness.shows("order-a", Queued)
        clock.move(60)
        assert (await harness.ended("order-a"))[0].state is State.DONE
    assert len(segmind.billed) == 1
