"""Clocks that only move when a test says so."""

import asyncio
import time


class HeldClock:
    """Stands still until it is moved; whoever sleeps by it wakes when it has come far enough."""

    def __init__(self, start: float | None = None) -> None:
        # Today, because the histories of both sides are compared by their dates.
        self._now = time.time() if start is None else start
        self._moved = asyncio.Event()

    def now(self) -> float:
        return self._now

    __call__ = now

    def move(self, seconds: float) -> None:
        self._now += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        while self._now < until:
            await self._moved.wait()


class LeapingClock:
    """Sleeping takes no time and moves the clock."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)
