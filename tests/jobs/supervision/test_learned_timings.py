"""Learned timings are kept over restarts."""

import asyncio
from contextlib import suppress

import pytest

from bot.jobs.ports import StoreUnavailable
from bot.jobs.supervision.learned_timings import KEY, LearnedTimings
from bot.segmind.polling import PollTimings
from bot.store import SqlStore
from tests.store.orders import HandClock

USUAL = {"faceswap-v5": 10.0}


def timings(*seconds: float) -> PollTimings:
    learned = PollTimings(USUAL)
    for duration in seconds:
        learned.timing("faceswap-v5", "cost").learn(duration)
    return learned


async def test_a_process_begins_with_the_timings_of_the_last_one(sqlite_url: str) -> None:
    clock = HandClock()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        await LearnedTimings(timings(*[40.0] * 20), store, clock).save()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        fresh = timings()
        await LearnedTimings(fresh, store, clock).load()
    assert fresh.timing("faceswap-v5", "cost").median == pytest.approx(40)
    assert fresh.timing("faceswap-v5").median == pytest.approx(10)


async def test_timings_are_saved_regularly_and_only_when_they_have_changed(sqlite_url: str) -> None:
    clock = HandClock()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        learned = timings(40.0)
        saving = asyncio.create_task(LearnedTimings(learned, store, clock, interval=60).run())
        for _ in range(2):
            while not clock.turns:
                await asyncio.sleep(0)
            clock.turns = 0
            clock.advance(60)
        while not clock.turns:
            await asyncio.sleep(0.001)
        assert "[40.0]" in (await store.read_value(KEY) or "")
        await store.write_value(KEY, "untouched")
        clock.turns = 0
        clock.advance(60)
        while not clock.turns:
            await asyncio.sleep(0.001)
        assert await store.read_value(KEY) == "untouched"
        saving.cancel()
        with suppress(asyncio.CancelledError):
            await saving


@pytest.mark.parametrize(
    "text", ["{", "[1, 2]", '[{"slug": 5}]', '[{"slug": "x", "variant": "", "seconds": ["y"]}]']
)
async def test_unreadable_timings_are_ignored(sqlite_url: str, text: str) -> None:
    clock = HandClock()
    async with SqlStore(sqlite_url, start=0, clock=clock) as store:
        await store.write_value(KEY, text)
        fresh = timings()
        await LearnedTimings(fresh, store, clock).load()
    assert fresh.timing("faceswap-v5").median == pytest.approx(10)


class UnavailableOnce:
    """Store whose first write fails."""

    def __init__(self) -> None:
        self.written: list[str] = []

    async def read_value(self, name: str) -> str | None:
        raise AssertionError(name)

    async def write_value(self, name: str, text: str) -> None:
        self.written.append(text)
        if len(self.written) == 1:
            raise StoreUnavailable(name)


async def test_timings_that_could_not_be_saved_are_saved_the_next_time() -> None:
    values = UnavailableOnce()
    learned = LearnedTimings(timings(40.0), values, HandClock())
    await learned.save()
    await learned.save()
    first, second = values.written
    assert first == second
    assert "[40.0]" in second
