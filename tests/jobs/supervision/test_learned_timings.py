"""What was learned of how long jobs take, over restarts."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from bot.jobs.ports import StoreAway
from bot.jobs.supervision.learned_timings import KEY, LearnedTimings
from bot.segmind.polling import PollTimings
from bot.store import SqlStore
from tests.store.orders import HandClock

USUAL = {"faceswap-v5": 10.0}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/doppel.db"


def timings(*seconds: float) -> PollTimings:
    made = PollTimings(USUAL)
    for each in seconds:
        made.pace("faceswap-v5", "cost").learn(each)
    return made


async def test_a_new_run_begins_with_what_the_last_one_learned(url: str) -> None:
    clock = HandClock()
    async with SqlStore(url, start=0, clock=clock) as store:
        await LearnedTimings(timings(*[40.0] * 20), store, clock).save()
    async with SqlStore(url, start=0, clock=clock) as store:
        fresh = timings()
        await LearnedTimings(fresh, store, clock).load()
    assert fresh.pace("faceswap-v5", "cost").usual == pytest.approx(40)
    assert fresh.pace("faceswap-v5").usual == pytest.approx(10)


async def test_it_is_written_down_from_time_to_time_and_only_when_there_is_something_new(url: str) -> None:
    clock = HandClock()
    async with SqlStore(url, start=0, clock=clock) as store:
        made = timings(40.0)
        keeping = asyncio.create_task(LearnedTimings(made, store, clock, interval=60).run())
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
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


@pytest.mark.parametrize(
    "text", ["{", "[1, 2]", '[{"slug": 5}]', '[{"slug": "x", "variant": "", "seconds": ["y"]}]']
)
async def test_what_cannot_be_read_is_learned_anew(url: str, text: str) -> None:
    clock = HandClock()
    async with SqlStore(url, start=0, clock=clock) as store:
        await store.write_value(KEY, text)
        fresh = timings()
        await LearnedTimings(fresh, store, clock).load()
    assert fresh.pace("faceswap-v5").usual == pytest.approx(10)


class Away:
    async def read_value(self, name: str) -> str | None:
        raise AssertionError(name)

    async def write_value(self, name: str, text: str) -> None:
        del text
        raise StoreAway(name)


async def test_a_store_that_is_away_stops_nothing() -> None:
    await LearnedTimings(timings(40.0), Away(), HandClock()).save()
