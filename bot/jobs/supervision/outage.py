"""A database that takes nothing for a while: said once, tried out by one for all, and waited for."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.clock import Clock
from bot.jobs.ports import StoreAway

log = structlog.stdlib.get_logger(__name__)

EVERY = 5.0


class Outage:
    """Whoever meets it says so with `met`, and may `wait` for its end."""

    def __init__(self, probe: Callable[[], Awaitable[None]], clock: Clock, *, every: float = EVERY) -> None:
        """`try_out` writes something, and raises `StoreAway` where that is not possible."""
        self._probe_write = probe
        self._clock = clock
        self.every = every
        self._trying: asyncio.Task[None] | None = None
        self._damaged = asyncio.Event()
        self.damage: StoreAway | None = None
        """What no waiting will mend."""

    def is_active(self) -> bool:
        """Whether the database takes nothing, now or ever."""
        return self._trying is not None or self.damage is not None

    def report(self, error: StoreAway) -> None:
        if error.lasting:
            self.damage = self.damage or error
            self._damaged.set()
        elif self._trying is None:
            log.error("no orders are taken, and the jobs wait", reason=str(error))
            self._trying = asyncio.create_task(self._until_it_is_over(), name="database outage")

    async def wait(self, error: StoreAway) -> None:
        self.report(error)
        if self.damage is not None:
            # There is nothing to wait for but the end of the program.
            await asyncio.get_running_loop().create_future()
        if self._trying is not None:
            # Others wait for the same, so whoever stops waiting must not stop it.
            await asyncio.wait({self._trying})

    async def wait_for_damage(self) -> None:
        """Return when the database is found to be damaged."""
        await self._damaged.wait()

    async def close(self) -> None:
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)

    async def _until_it_is_over(self) -> None:
        began = self._clock.now()
        while not await self._is_over():
            pass
        log.info("the database can be used again, and the jobs go on", seconds=self._clock.now() - began)
        self._trying = None

    async def _is_over(self) -> bool:
        await self._clock.sleep(self.every)
        try:
            await self._probe_write()
        except StoreAway as error:
            self.report(error)
            return False
        return True
