"""Daily check that the ledger adds up, for Prometheus."""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from prometheus_client import CollectorRegistry, Gauge

from bot.clock import Clock
from bot.periodic import ONCE_SETTLED, run_periodically

log = structlog.stdlib.get_logger(__name__)

# The check reads every entry, so once a day is enough.
EVERY = 86_400.0


class LedgerCheck:
    """Checks the ledger once a day and exports the number of discrepancies."""

    def __init__(
        self, discrepancies: Callable[[], Awaitable[Sequence[str]]], clock: Clock, registry: CollectorRegistry
    ) -> None:
        """`discrepancies` reads a sentence for each place where the ledger does not add up."""
        self._discrepancies = discrepancies
        self._clock = clock
        self._differences = Gauge(
            "doppel_ledger_differences",
            "Places where the ledger did not add up at the last check; NaN before the first one.",
            registry=registry,
        )
        self._differences.set(float("nan"))
        self._checked_at = Gauge(
            "doppel_ledger_checked_timestamp_seconds",
            "Time of the last check; 0 before the first one.",
            registry=registry,
        )

    async def run(self) -> None:
        await run_periodically(
            self.check, self._clock, EVERY, "ledger check failed", initial_delay=ONCE_SETTLED
        )

    async def check(self) -> None:
        found = await self._discrepancies()
        self._differences.set(len(found))
        self._checked_at.set(self._clock.now())
        if found:
            log.error("ledger does not add up", places=len(found), first=found[0])
