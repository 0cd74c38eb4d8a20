"""Waits that end with whatever comes first."""

import asyncio

import pytest

from bot.tasks import first_of


class Sleeper:
    """Waits until it is woken, and notes whether it was cancelled."""

    def __init__(self) -> None:
        self.begun, self.woken, self.cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def sleep(self) -> None:
        self.begun.set()
        try:
            await self.woken.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.mark.parametrize("first", [0, 1])
async def test_the_first_to_end_ends_the_wait_and_cancels_the_others(first: int) -> None:
    sleepers = Sleeper(), Sleeper()
    waiting = asyncio.create_task(first_of(*(sleeper.sleep() for sleeper in sleepers)))
    for sleeper in sleepers:
        await sleeper.begun.wait()
    assert not waiting.done()
    sleepers[first].woken.set()
    await waiting
    await sleepers[1 - first].cancelled.wait()
    assert not sleepers[first].cancelled.is_set()


async def test_a_wait_that_is_cancelled_cancels_all() -> None:
    sleepers = Sleeper(), Sleeper()
    waiting = asyncio.create_task(first_of(*(sleeper.sleep() for sleeper in sleepers)))
    for sleeper in sleepers:
        await sleeper.begun.wait()
    waiting.cancel()
    for sleeper in sleepers:
        await sleeper.cancelled.wait()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_error_of_the_first_to_end_is_raised() -> None:
    sleeper = Sleeper()

    async def fail() -> None:
        await sleeper.begun.wait()
        raise LookupError

    with pytest.raises(LookupError):
        await first_of(sleeper.sleep(), fail())
    await sleeper.cancelled.wait()
