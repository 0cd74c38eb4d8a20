"""Figures that the dashboard keeps in memory: cached queries and time series."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.jobs.ports import StoreUnavailable
from bot.ops.dashboard import TimeSeries
from bot.ops.dashboard.cache import Cached
from bot.ops.dashboard.timeseries import EVERY
from bot.ops.metrics import Metrics
from bot.segmind.request_queue import RequestKind
from tests.clocks import HeldClock
from tests.patience import PATIENCE


class SlowQuery:
    """Returns the number of calls, as soon as the test allows it."""

    def __init__(self) -> None:
        self.calls = 0
        self.free = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.calls += 1
        await self.free.wait()
        if self.error is not None:
            raise self.error
        return self.calls


async def test_a_query_is_shared_by_its_readers_and_outlives_their_waiting(
    clock: HeldClock,
) -> None:
    slow = SlowQuery()
    cached = Cached(slow, clock, seconds=10)
    await asyncio.gather(*(cached.refresh(max_wait=0.01) for _ in range(3)))
    assert (slow.calls, cached.last, cached.failed) == (1, None, True)
    slow.free.set()
    await cached.refresh(max_wait=PATIENCE)
    assert (cached.last, cached.at, cached.failed) == (1, clock.now(), False)
    await cached.refresh(max_wait=PATIENCE)
    assert slow.calls == 1
    clock.move(10)
    await cached.refresh(max_wait=PATIENCE)
    assert cached.last == 2


@pytest.mark.parametrize("error", [StoreUnavailable("away"), RuntimeError("a bug")])
async def test_a_failed_query_keeps_the_last_result_and_is_retried(
    clock: HeldClock, error: Exception
) -> None:
    slow = SlowQuery()
    slow.free.set()
    cached = Cached(slow, clock, seconds=10)
    await cached.refresh(max_wait=PATIENCE)
    clock.move(10)
    slow.error = error
    with capture_logs() as logs:
        await cached.refresh(max_wait=PATIENCE)
    assert [log["log_level"] for log in logs] == ["debug" if isinstance(error, StoreUnavailable) else "error"]
    assert (cached.last, cached.failed) == (1, True)
    slow.error = None
    clock.move(10)
    await cached.refresh(max_wait=PATIENCE)
    assert (cached.last, cached.failed) == (3, False)
    slow.free.clear()
    clock.move(10)
    await cached.refresh(max_wait=0)
    await cached.close()


async def test_the_time_series_knows_recent_responses_and_the_worst_lag(
    clock: HeldClock,
) -> None:
    metrics = Metrics()
    series = TimeSeries(metrics, clock)
    waiting = iter([3, StoreUnavailable("away"), *range(10)])

    async def count() -> int:
        found = next(waiting)
        if isinstance(found, Exception):
            raise found
        return found

    metrics.count_segmind_response(RequestKind.SUBMISSION, 200)
    metrics.count_discord_response("POST", "/api/v10/channels/12/messages", 403)
    series.record_lag(0.2)
    series.record_lag(0.1)
    running = asyncio.create_task(series.run(count))
    for _ in range(3):
        for _ in range(5):
            await asyncio.sleep(0)
        clock.move(EVERY)
    # The second count failed, so it left no sample.
    assert [(sample.waiting, sample.lag) for sample in series.samples] == [(3, 0.2), (0, 0.0)]
    for status in (200, 429, None):
        metrics.count_segmind_response(RequestKind.POLL, status)
    assert series.segmind_responses(60) == {"200": 2, "429": 1, "none": 1}
    # Counted from the newest sample that is at least twenty seconds old.
    assert series.segmind_responses(20) == {"200": 1, "429": 1, "none": 1}
    assert series.discord_responses(20) == {}
    assert series.discord_responses(60) == {"403": 1}
    series.record_lag(0.05)
    assert (series.worst_lag(15), series.worst_lag(60)) == (0.05, 0.2)
    running.cancel()
