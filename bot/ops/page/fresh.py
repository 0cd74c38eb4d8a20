"""An answer that many want and that is asked for only so often."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.clock import Clock

T = TypeVar("T")


class Fresh(Generic[T]):
    """Nothing is asked while nobody wants to know; whoever comes while it is asked waits for the same."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock, *, seconds: float) -> None:
        self._ask = ask
        self._clock = clock
        self._seconds = seconds
        self._asking = asyncio.Lock()
        self._until = 0.0
        self.last: T | None = None
        """What was answered the last time."""

    async def get(self) -> T:
        async with self._asking:
            if self.last is None or self._clock.now() >= self._until:
                self.last = await self._ask()
                self._until = self._clock.now() + self._seconds
            return self.last
