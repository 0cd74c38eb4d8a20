"""Clock that is passed to everything that reads the time or sleeps, so that tests can pass their own."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time and sleep, as a parameter."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class WallClock:
    """Clock of the machine."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
