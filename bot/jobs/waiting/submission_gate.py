"""Gate before Segmind: closed while Segmind would refuse every submission."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum

from bot.clock import Clock
from bot.jobs.stages import Due, NoBalance, Paused, Reconnecting, Stage
from bot.segmind.request_queue import RequestKind
from bot.segmind.scheduler import RequestScheduler


class ClosureReason(StrEnum):
    """Reason why the gate is closed."""

    KEY = "key"
    """Segmind does not accept the operator's key."""
    BALANCE = "balance"
    """The operator has no credits left at Segmind."""
    MODEL = "model"
    """Segmind does not offer this model any more."""


class ServicePaused(Exception):
    """Segmind would refuse the order; nothing was held."""

    def __init__(self, reason: ClosureReason) -> None:
        super().__init__(reason)
        self.reason = reason


class SubmissionGate:
    """Gate in front of the request scheduler, which keeps the key's rate and the circuit breaker.

    A refused key or model closes it for a while; an empty balance closes it until there is one again.
    """

    def __init__(
        self, clock: Clock, scheduler: RequestScheduler, *, release_when_empty: bool = False
    ) -> None:
        """`release_when_empty`: whether an empty balance turns waiting jobs away instead of keeping them."""
        self._clock = clock
        self._scheduler = scheduler
        self._release_when_empty = release_when_empty
        self._closures: dict[str | None, tuple[float, ClosureReason]] = {}
        self._is_empty = False
        self._probe_allowed = False
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._unpaused = asyncio.Event()
        self._unpaused.set()
        self.changed = asyncio.Event()
        """Set when the balance ran out or came back; the balance monitor clears it."""

    @property
    def is_empty(self) -> bool:
        return self._is_empty

    @property
    def rejects_orders(self) -> bool:
        """Return whether an empty balance turns every job away."""
        return self._is_empty and self._release_when_empty and not self._probe_allowed

    @property
    def is_paused(self) -> bool:
        """Return whether the operator has paused new jobs."""
        return not self._unpaused.is_set()

    @property
    def closures(self) -> Mapping[str | None, ClosureReason]:
        """Current closures by model; the key `None` stands for all models."""
        now = self._clock.now()
        return {slug: reason for slug, (until, reason) in self._closures.items() if until > now}

    def pause(self) -> None:
        """Hold new jobs back for the operator: orders are still taken, and wait."""
        self._unpaused.clear()

    def resume(self) -> None:
        self._unpaused.set()

    def close(self, reason: ClosureReason, *, until: float, slug: str | None = None) -> None:
        """Close for one model, or for all of them."""
        self._closures[slug] = (until, reason)

    def mark_empty(self) -> None:
        """Close because Segmind refuses orders for want of balance."""
        if not self._is_empty:
            self._is_empty = True
            self.changed.set()

    def refill(self) -> None:
        """Open again: there is balance."""
        if not self._is_empty:
            return
        self._is_empty = self._probe_allowed = False
        self.changed.set()
        while self._waiting:
            self._wake_next(is_probe=False)

    def probe(self) -> None:
        """Let one waiting job, or else the next one, find out whether there is balance again."""
        while self._is_empty and self._waiting:
            if self._wake_next(is_probe=True):
                return
        self._probe_allowed = self._is_empty

    def check(self, slug: str) -> None:
        """Raise `ServicePaused` where an order would have to wait for the operator."""
        for _, reason in self._closures_for(slug):
            raise ServicePaused(reason)
        if self._is_empty and not self._probe_allowed:
            raise ServicePaused(ClosureReason.BALANCE)

    async def acquire(self, slug: str, show: Callable[[Stage], None] = lambda _: None) -> bool:
        """Wait until the job may be submitted; `show` receives the stages of the wait.

        Return whether this job is the probe that finds out about the balance. Raise `Unreachable` where
        Segmind is down for too long, and `ServicePaused` where an empty balance turns jobs away.
        """
        is_probe = False
        while True:
            if self.is_paused:
                show(Paused())
                await self._unpaused.wait()
                continue
            while closures := self._closures_for(slug):
                await self._clock.sleep(max(until for until, _ in closures) - self._clock.now())
            if self._is_empty and not is_probe:
                is_probe = await self._wait_for_balance(show)
                continue
            if self._scheduler.is_busy:
                show(Due())
            await self._scheduler.acquire(RequestKind.SUBMISSION, lambda: show(Reconnecting()))
            # The gate may have closed in the meantime.
            if not (self.is_paused or self._closures_for(slug)) and (is_probe or not self._is_empty):
                return is_probe

    async def _wait_for_balance(self, show: Callable[[Stage], None]) -> bool:
        """Wait for the balance; return whether this job is the probe."""
        if self._probe_allowed:
            self._probe_allowed = False
            return True
        if self._release_when_empty:
            raise ServicePaused(ClosureReason.BALANCE)
        show(NoBalance())
        woken = asyncio.get_running_loop().create_future()
        self._waiting.append(woken)
        return await woken

    def _wake_next(self, *, is_probe: bool) -> bool:
        """Wake the job that has waited longest; return whether it still waits."""
        woken = self._waiting.popleft()
        if woken.done():
            return False
        woken.set_result(is_probe)
        return True

    def _closures_for(self, slug: str) -> list[tuple[float, ClosureReason]]:
        now = self._clock.now()
        found = [self._closures[key] for key in (None, slug) if key in self._closures]
        return [closure for closure in found if closure[0] > now]
