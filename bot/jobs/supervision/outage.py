"""Outage of the database: reported once, probed by one task, and awaited by every job."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.clock import Clock
from bot.jobs.ports import StoreUnavailable
from bot.tasks import cancel

log = structlog.stdlib.get_logger(__name__)

PROBE_INTERVAL = 5.0


class Outage:
    """State of the database's availability. Callers `report` an error, and may `wait` for the end."""

    def __init__(
        self, probe: Callable[[], Awaitable[None]], clock: Clock, *, interval: float = PROBE_INTERVAL
    ) -> None:
        """`probe` writes something, and raises `StoreUnavailable` where that is not possible."""
        self._probe = probe
        self._clock = clock
        self.interval = interval
        self._recovery: asyncio.Task[None] | None = None
        self._damaged = asyncio.Event()
        self.damage: StoreUnavailable | None = None
        """Permanent error of the database, if there was one."""

    def is_active(self) -> bool:
        """Return whether the database cannot be used, for now or permanently."""
        return self._recovery is not None or self.damage is not None

    def report(self, error: StoreUnavailable) -> None:
        if error.is_permanent:
            self.damage = self.damage or error
            self._damaged.set()
        elif self._recovery is None:
            log.error("database unavailable, no orders are taken", reason=str(error))
            self._recovery = asyncio.create_task(self._await_recovery(), name="database outage")

    async def wait(self, error: StoreUnavailable) -> None:
        self.report(error)
        if self.damage is not None:
            # This wait never ends, so that the job stays as it is until the program ends.
            await asyncio.get_running_loop().create_future()
        if self._recovery is not None:
            # Others await the same task, so a cancelled caller must not cancel it.
            await asyncio.wait({self._recovery})

    async def wait_for_damage(self) -> None:
        """Return when the database is found to be damaged."""
        await self._damaged.wait()

    async def close(self) -> None:
        await cancel(self._recovery)

    async def _await_recovery(self) -> None:
        began = self._clock.now()
        while not await self._is_over():
            pass
        log.info("database available again", seconds=self._clock.now() - began)
        self._recovery = None

    async def _is_over(self) -> bool:
        await self._clock.sleep(self.interval)
        try:
            await self._probe()
        except StoreUnavailable as error:
            self.report(error)
            return False
        except Exception:
            # Every job waits for this task, so no error may end it early.
            log.exception("probe of the database failed")
            return False
        return True
