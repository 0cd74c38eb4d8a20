"""An answer that many want and that is asked for only so often, and only while somebody wants it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from bot.clock import Clock
from bot.store.errors import StoreError

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")


class Cached(Generic[T]):
    """Whoever comes while it is asked waits for the same, and nobody who stops waiting takes it back."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock, *, seconds: float) -> None:
        self._ask = ask
        self._clock = clock
        self._seconds = seconds
        self._asking: asyncio.Task[None] | None = None
        self._due = 0.0
        self.last: T | None = None
        """What was answered the last time, which stays while there is no newer one."""
        self.at = 0.0
        """When that was."""
        self.failed = False
        """Whether the newest question has met a database that is away, or has no answer yet."""

    async def look(self, *, patience: float) -> None:
        """Ask if it is time to, and wait so long for what is asked."""
        if self._asking is None and self._clock.now() >= self._due:
            self._asking = asyncio.create_task(self._look(), name="figures for the operator's page")
        if self._asking is not None:
            _, late = await asyncio.wait({self._asking}, timeout=patience)
            self.failed = self.failed or bool(late)

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            self.last = await self._ask()
            self.at, self.failed = self._clock.now(), False
        except StoreError as error:
            log.debug("the operator's page cannot read the database", error=type(error).__name__)
            self.failed = True
        except Exception:
            log.exception("a figure of the operator's page could not be had")
            self.failed = True
        finally:
            self._due = self._clock.now() + self._seconds
            self._asking = None
