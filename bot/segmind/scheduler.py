"""The one way to a service: in the rate of its key, orders first, and left alone while it is out of order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from math import inf

import structlog

from bot.clock import Clock
from bot.segmind.breaker import Breaker
from bot.segmind.errors import SegmindError, Unreachable

log = structlog.stdlib.get_logger(__name__)

# While others wait, so many orders may go before one of them.
_ORDERS_IN_A_ROW = 4
_MINUTE = 60.0
# Sums of fractions drift; less than this is now.
_INSTANT = 1e-6
_REST = 10.0
_REST_MOST = 600.0


class RequestKind(Enum):
    """What a request is for."""

    SUBMISSION = "submission"
    UPLOAD = "upload"
    RESULT = "result"
    """Ends a job, so it goes before the looks of others."""
    LOOK = "look"
    OTHER = "other"

    @property
    def is_order(self) -> bool:
        """Whether a member waits for it to begin."""
        return self in {RequestKind.SUBMISSION, RequestKind.UPLOAD}

    @property
    def is_of_the_api(self) -> bool:
        """Whether it tells how the API is: uploads, history and catalogue have hosts of their own."""
        return self in {RequestKind.SUBMISSION, RequestKind.RESULT, RequestKind.LOOK}


class Rate:
    """At most `per_minute` in any minute: a tenth of them at once, the others evenly."""

    def __init__(self, per_minute: int) -> None:
        self._due = -inf
        self.set(per_minute)

    def set(self, per_minute: int) -> None:
        burst = max(1, per_minute // 10)
        self._gap = _MINUTE / (per_minute - burst + 1)
        self._ahead = (burst - 1) * self._gap

    def wait(self, now: float) -> float:
        # More than a minute ahead is a clock that was set back.
        seconds = min(self._due, now + _MINUTE) - self._ahead - now
        return seconds if seconds > _INSTANT else 0.0

    def spend(self, now: float) -> None:
        self._due = max(min(self._due, now + _MINUTE), now) + self._gap


@dataclass(slots=True, eq=False)
class _Waiter:
    errand: RequestKind
    held: Callable[[], None]
    turn: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Whether it goes as the probe."""


class RequestScheduler:
    """Wakes nobody but those whose turn has come, however many wait.

    While the breaker is open, uploads fail at once, submissions wait for `patience` seconds of the outage,
    and questions wait until it is over. The probe is a question, or else `sign_of_life`: never a submission,
    whose outcome would then likely be unknown.
    """

    def __init__(
        self,
        clock: Clock,
        breaker: Breaker,
        *,
        name: str,
        per_minute: int | None = None,
        patience: float = inf,
        sign_of_life: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._clock = clock
        self._breaker = breaker
        self._name = name
        self._rate = None if per_minute is None else Rate(per_minute)
        self._patience = patience
        self._sign_of_life = sign_of_life
        self._rest_until = 0.0
        self._orders: deque[_Waiter] = deque()
        self._results: deque[_Waiter] = deque()
        self._questions: deque[_Waiter] = deque()
        self._in_a_row = 0
        self._living = 0
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = inf
        self._sign: asyncio.Task[None] | None = None

    @property
    def is_shut(self) -> bool:
        """Out of order, and left alone."""
        return self._breaker.open_since is not None

    @property
    def is_busy(self) -> bool:
        """In order, and yet whoever comes now has to wait."""
        return not self.is_shut and (self._anybody() or self._wait() > 0)

    @asynccontextmanager
    async def slot(self, errand: RequestKind) -> AsyncGenerator[None]:
        """Wait for the turn, and say inside how the request went."""
        probe = await self.acquire(errand)
        try:
            yield
        finally:
            self._leave(probe)

    async def acquire(self, errand: RequestKind, on_outage: Callable[[], None] = lambda: None) -> bool:
        """Wait for the turn; `held` is called if an outage is what it waits for.

        Raises `Unreachable` where the outage lasts too long for this errand.
        """
        if self._breaker.open_since is not None:
            if errand is RequestKind.UPLOAD or self._is_given_up(errand):
                raise self._out_of_order()
            on_outage()
        waiter = _Waiter(errand, on_outage)
        self._queue_of(errand).append(waiter)
        self._living += 1
        try:
            self._serve()
            return await waiter.turn
        except asyncio.CancelledError:
            # Called at the very moment when it stopped waiting.
            self._leave(not waiter.turn.cancelled() and waiter.turn.result())
            raise
        finally:
            self._living -= 1
            if not self._living:
                self._silence()

    def back_off(self, until: float | None) -> None:
        """The key has made too many requests: let nobody through until then.

        As far as it makes sense: clocks differ, and nobody waits for a day.
        """
        now = self._clock.now()
        rest = now + _REST if until is None else min(max(until, now + 1), now + _REST_MOST)
        if rest > self._rest_until:
            self._rest_until = rest
            log.warning("the rate limit was met, and every request rests", seconds=round(rest - now, 1))

    def set_rate(self, per_minute: int) -> None:
        """Another rate from here on; what was spent already still counts."""
        if self._rate is not None:
            self._rate.set(per_minute)
            self._serve()

    def succeeded(self) -> None:
        if (since := self._breaker.open_since) is not None:
            log.info("it answers again", service=self._name, seconds=round(self._clock.now() - since, 1))
        self._breaker.succeeded()
        self._serve()

    def failed(self) -> None:
        known = self._breaker.open_since is not None
        self._breaker.failed()
        if not known and self._breaker.open_since is not None:
            log.error("it fails time after time and is left alone for a while", service=self._name)
            self._hold_orders()
        self._serve()

    def close(self) -> None:
        self._silence()
        if self._sign is not None:
            self._sign.cancel()

    def _serve(self) -> None:
        """Let through whose turn it is, and come back when it is somebody's again."""
        self._give_up()
        while self._anybody():
            if (wait := self._wait()) > 0:
                self._come_back(min(wait, self._patience_left()) if self._orders else wait)
                return
            if self._breaker.open_since is None:
                self._let_through(self._next(), probe=False)
            else:
                self._probe()

    def _leave(self, probe: bool) -> None:
        """A probe that told nothing makes room for the next one."""
        if probe:
            self._breaker.cancel_probe()
            self._serve()

    def _wait(self) -> float:
        now = self._clock.now()
        rate = 0.0 if self._rate is None else self._rate.wait(now)
        return max(min(self._rest_until - now, _REST_MOST), rate, self._breaker.wait())

    def _next(self) -> _Waiter:
        questions = self._results or self._questions
        if self._orders and (not questions or self._in_a_row < _ORDERS_IN_A_ROW):
            self._in_a_row += 1
            return self._orders.popleft()
        self._in_a_row = 0
        return questions.popleft()

    def _let_through(self, waiter: _Waiter, *, probe: bool) -> None:
        self._spend()
        waiter.turn.set_result(probe)

    def _spend(self) -> None:
        if self._rate is not None:
            self._rate.spend(self._clock.now())

    def _probe(self) -> None:
        """The one request of a pause that is over; whoever makes it says how it went."""
        self._breaker.probe()
        for queue, errand in ((self._results, RequestKind.RESULT), (self._questions, RequestKind.LOOK)):
            for waiter in queue:
                if waiter.errand is errand and not waiter.turn.done():
                    queue.remove(waiter)
                    self._let_through(waiter, probe=True)
                    return
        self._spend()
        self._sign = asyncio.create_task(self._ask_for_a_sign())

    async def _ask_for_a_sign(self) -> None:
        if self._sign_of_life is not None:
            with suppress(SegmindError):
                await self._sign_of_life()
        if self._breaker.open_since is not None:
            # Also where it told nothing of the service.
            self._breaker.failed()
        self._serve()

    def _hold_orders(self) -> None:
        for waiter in [*self._orders]:
            if waiter.turn.done():
                continue
            if waiter.errand is RequestKind.UPLOAD:
                self._orders.remove(waiter)
                waiter.turn.set_exception(self._out_of_order())
            else:
                waiter.held()

    def _give_up(self) -> None:
        """Those who have waited long enough for the end of an outage."""
        while self._orders and self._is_given_up(self._orders[0].errand):
            if not (waiter := self._orders.popleft()).turn.done():
                waiter.turn.set_exception(self._out_of_order())

    def _is_given_up(self, errand: RequestKind) -> bool:
        return errand.is_order and self._patience_left() <= 0

    def _patience_left(self) -> float:
        since = self._breaker.open_since
        return inf if since is None else since + self._patience - self._clock.now()

    def _out_of_order(self) -> Unreachable:
        return Unreachable(f"{self._name} is out of order")

    def _anybody(self) -> bool:
        for queue in (self._orders, self._results, self._questions):
            # Whoever was cancelled stays behind until it comes to the front.
            while queue and queue[0].turn.done():
                queue.popleft()
        return bool(self._orders or self._results or self._questions)

    def _come_back(self, seconds: float) -> None:
        at = self._clock.now() + seconds
        if self._alarm is not None and not self._alarm.done() and self._alarm_at <= at:
            return
        self._silence()
        if at < inf:
            self._alarm, self._alarm_at = asyncio.create_task(self._ring(seconds)), at

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._serve()

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _queue_of(self, errand: RequestKind) -> deque[_Waiter]:
        if errand.is_order:
            return self._orders
        return self._results if errand is RequestKind.RESULT else self._questions
