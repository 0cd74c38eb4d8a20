"""Clocks that tests control."""

import asyncio
import heapq
import itertools
import time


class HeldClock:
    """Clock that stands still until `move`; sleepers wake once it has moved far enough."""

    def __init__(self, start: float | None = None) -> None:
        # Today, because tests compare dates in Segmind's history with dates in the database.
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
    """Clock that each sleep moves, without taking time."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


class AgendaClock:
    """Clock that `run` moves from one sleeper's time to the next."""

    # A task that wakes may wake another, and so on: more steps than any chain in the tests.
    STEPS = 12

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start
        self._agenda: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._agenda, (self.time + seconds, next(self._order), woken))
        await woken

    async def run(self, seconds: float) -> None:
        until = self.time + seconds
        await self._settle()
        while self._agenda and self._agenda[0][0] <= until:
            self.time, _, woken = heapq.heappop(self._agenda)
            if not woken.done():
                woken.set_result(None)
            if not (self._agenda and self._agenda[0][0] == self.time):
                await self._settle()
        self.time = until

    async def _settle(self) -> None:
        for _ in range(self.STEPS):
            await asyncio.sleep(0)
