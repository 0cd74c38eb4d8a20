"""Whether the books add up: looked at in the background, seldom, and only while the page is open."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import structlog

from bot.clock import Clock
from bot.store.audit import Extent
from bot.store.errors import StoreError

log = structlog.stdlib.get_logger(__name__)

# It reads every entry there is.
EVERY = 3600.0
# Where many things are wrong, `doppel credits audit` tells all of them.
_TOLD = 5


class Books:
    def __init__(
        self,
        audit: Callable[[], Awaitable[tuple[Sequence[str], Extent]]],
        clock: Clock,
        *,
        every: float = EVERY,
    ) -> None:
        self._audit = audit
        self._clock = clock
        self._every = every
        self._looking: asyncio.Task[None] | None = None
        self._due = 0.0
        self._found: Mapping[str, Any] | None = None

    def look(self) -> None:
        """Begin, if it is time; returns at once."""
        if self._looking is None and self._clock.now() >= self._due:
            self._looking = asyncio.create_task(self._look(), name="audit for the operator's page")

    def figures(self) -> Mapping[str, Any] | None:
        """What was found the last time; none where nobody has looked yet."""
        return self._found

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            wrong, extent = await self._audit()
        except StoreError as error:
            log.debug("the books could not be looked at", error=type(error).__name__)
        else:
            self._found = {
                "at": self._clock.now(),
                "wrong": len(wrong),
                "told": list(wrong[:_TOLD]),
                **asdict(extent),
            }
        finally:
            self._due = self._clock.now() + self._every
            self._looking = None
