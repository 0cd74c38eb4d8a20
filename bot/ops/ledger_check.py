"""Whether the books add up, once a day and for Prometheus: the difference has to be zero."""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from prometheus_client import CollectorRegistry, Gauge

from bot.clock import Clock
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)

# Whoever starts has something else to do first. It reads every entry there is, so once a day is enough.
FIRST, EVERY = 600.0, 86_400.0


class Audit:
    def __init__(
        self, audit: Callable[[], Awaitable[Sequence[str]]], clock: Clock, registry: CollectorRegistry
    ) -> None:
        """`audit` gives a sentence for each place where they do not."""
        self._audit = audit
        self._clock = clock
        self._wrong = Gauge(
            "doppel_books_differences",
            "Places where the books did not add up when they were last looked at; NaN where nobody has.",
            registry=registry,
        )
        self._wrong.set(float("nan"))
        self._looked = Gauge(
            "doppel_books_checked_timestamp_seconds", "When that was; 0 for never.", registry=registry
        )

    async def run(self) -> None:
        await run_periodically(
            self.look, self._clock, EVERY, "the books could not be looked at", initial_delay=FIRST
        )

    async def look(self) -> None:
        wrong = await self._audit()
        self._wrong.set(len(wrong))
        self._looked.set(self._clock.now())
        if wrong:
            log.error("the books do not add up", places=len(wrong), first=wrong[0])
