"""The gate before Segmind: closed where every submission would be refused."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum

from bot.clock import Clock
from bot.jobs.stages import Due, Halted, Paused, Reconnecting, Stage
from bot.segmind.scheduler import RequestKind, RequestScheduler


class ClosureReason(StrEnum):
    KEY = "key"
    """Segmind does not accept the operator's key."""
    BALANCE = "balance"
    """The operator has no credits left at Segmind."""
    MODEL = "model"
    """Segmind does not offer this model any more."""


class ServicePaused(Exception):
    """An order that would only be refused; nothing was held."""

    def __init__(self, trouble: ClosureReason) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class SubmissionGate:
    """Behind it stands the turnstile, which keeps the key's rate and knows whether Segmind is in order.

    A refused key or model closes it for a while; an empty balance closes it until there is one again.
    """

    def __init__(self, clock: Clock, scheduler: RequestScheduler, *, releases: bool = False) -> None:
        """`releases`: whether an empty balance sends those away who wait, or keeps them."""
        self._clock = clock
        self._scheduler = scheduler
        self._releases = releases
        self._closed: dict[str | None, tuple[float, ClosureReason]] = {}
        self._is_empty = False
        self._may_try = False
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._going = asyncio.Event()
        self._going.set()
        self.changed = asyncio.Event()
        """Set when the balance has run out or is back; whoever waits for it clears it."""

    @property
    def is_empty(self) -> bool:
        return self._is_empty

    @property
    def rejects_orders(self) -> bool:
        """Whether nobody needs to wait any longer."""
        return self._is_empty and self._releases and not self._may_try

    @property
    def is_paused(self) -> bool:
        """Whether the operator lets nothing through."""
        return not self._going.is_set()

    @property
    def closures(self) -> Mapping[str | None, ClosureReason]:
        """What is closed right now, by the model; none stands for all of them."""
        now = self._clock.now()
        return {slug: trouble for slug, (until, trouble) in self._closed.items() if until > now}

    def pause(self) -> None:
        """By the operator, and not for any trouble: orders are taken all the same, and wait."""
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def close(self, trouble: ClosureReason, *, until: float, slug: str | None = None) -> None:
        """Close for one model, or for all of them."""
        self._closed[slug] = (until, trouble)

    def mark_empty(self) -> None:
        """Segmind takes nothing, because the operator has nothing left there."""
        if not self._is_empty:
            self._is_empty = True
            self.changed.set()

    def refill(self) -> None:
        """All go on."""
        if not self._is_empty:
            return
        self._is_empty = self._may_try = False
        self.changed.set()
        while self._waiting:
            self._call(going_first=False)

    def probe(self) -> None:
        """One of those who wait finds out whether there is balance again; or else the next one who comes."""
        while self._is_empty and self._waiting:
            if self._call(going_first=True):
                return
        self._may_try = self._is_empty

    def check(self, slug: str) -> None:
        """Raise `ServicePaused` where an order would wait for the operator, not for its turn."""
        for _, trouble in self._closures(slug):
            raise ServicePaused(trouble)
        if self._is_empty and not self._may_try:
            raise ServicePaused(ClosureReason.BALANCE)

    async def acquire(self, slug: str, show: Callable[[Stage], None] = lambda _: None) -> bool:
        """Wait until the gate is open and it is one's turn; `show` is told what there is to wait for.

        Says whether this one goes first, to find out about the balance. Raises `Unreachable` where Segmind is
        out of order for too long, and `ServicePaused` where the balance is empty and nobody is kept waiting.
        """
        first = False
        while True:
            if self.is_paused:
                show(Halted())
                await self._going.wait()
                continue
            while closures := self._closures(slug):
                await self._clock.sleep(max(until for until, _ in closures) - self._clock.now())
            if self._is_empty and not first:
                first = await self._balance(show)
                continue
            if self._scheduler.is_busy:
                show(Due())
            await self._scheduler.acquire(RequestKind.SUBMISSION, lambda: show(Reconnecting()))
            # The gate may have closed in the meantime.
            if not (self.is_paused or self._closures(slug)) and (first or not self._is_empty):
                return first

    async def _balance(self, show: Callable[[Stage], None]) -> bool:
        """Wait for it; says whether this one goes first."""
        if self._may_try:
            self._may_try = False
            return True
        if self._releases:
            raise ServicePaused(ClosureReason.BALANCE)
        show(Paused())
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return await turn

    def _call(self, *, going_first: bool) -> bool:
        """Wake the one who waits longest, if it still does."""
        turn = self._waiting.popleft()
        if turn.done():
            return False
        turn.set_result(going_first)
        return True

    def _closures(self, slug: str) -> list[tuple[float, ClosureReason]]:
        now = self._clock.now()
        found = [self._closed[key] for key in (None, slug) if key in self._closed]
        return [closure for closure in found if closure[0] > now]
