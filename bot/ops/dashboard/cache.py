"""A cached query shared by its readers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from bot.clock import Clock
from bot.store.errors import StoreError
from bot.tasks import cancel

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")


class Cached(Generic[T]):
    """Runs a query at most once in some seconds, and only if somebody reads it.

    Readers who come while the query runs share it, and a reader who stops waiting does not cancel it.
    """

    def __init__(self, query: Callable[[], Awaitable[T]], clock: Clock, *, seconds: float) -> None:
        self._query = query
        self._clock = clock
        self._seconds = seconds
        self._loading: asyncio.Task[None] | None = None
        self._due = 0.0
        self.last: T | None = None
        """The latest result."""
        self.at = 0.0
        """Time of the latest result."""
        self.failed = False
        """True if the latest query has failed, or has no result yet."""

    async def refresh(self, *, max_wait: float) -> None:
        """Run the query if it is due, and wait for it up to `max_wait` seconds."""
        if self._loading is None and self._clock.now() >= self._due:
            self._loading = asyncio.create_task(self._load(), name="dashboard query")
        if self._loading is not None:
            _, pending = await asyncio.wait({self._loading}, timeout=max_wait)
            self.failed = self.failed or bool(pending)

    async def close(self) -> None:
        await cancel(self._loading)

    async def _load(self) -> None:
        try:
            self.last = await self._query()
            self.at, self.failed = self._clock.now(), False
        except StoreError as error:
            log.debug("dashboard could not read the database", error=type(error).__name__)
            self.failed = True
        except Exception:
            log.exception("dashboard query failed")
            self.failed = True
        finally:
            self._due = self._clock.now() + self._seconds
            self._loading = None
