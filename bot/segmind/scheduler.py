"""Scheduler of requests: keeps to the key's rate limit, lets orders go first, and probes during an outage."""

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

# While other requests wait, so many orders go before one of them.
_MAX_ORDERS_IN_A_ROW = 4
_MINUTE = 60.0
# Sums of fractions drift, so a shorter wait counts as none.
_EPSILON = 1e-6
_DEFAULT_BACK_OFF, _MAX_BACK_OFF = 10.0, 600.0


class RequestKind(Enum):
    """Purpose of a request, which decides its priority."""

    SUBMISSION = "submission"
    UPLOAD = "upload"
    RESULT = "result"
    """Frees its job's capacity, so it goes before the polls of other jobs."""
    POLL = "poll"
    OTHER = "other"

    @property
    def is_order(self) -> bool:
        """Whether a member waits for this request to begin."""
        return self in {RequestKind.SUBMISSION, RequestKind.UPLOAD}

    @property
    def reflects_api_health(self) -> bool:
        """Whether the API itself responds: uploads, history and catalogue have hosts of their own."""
        return self in {RequestKind.SUBMISSION, RequestKind.RESULT, RequestKind.POLL}


class Rate:
    """Limit of `per_minute` requests in any minute: a tenth of them at once, the others evenly spaced."""

    def __init__(self, per_minute: int) -> None:
        self._due = -inf
        self.set(per_minute)

    def set(self, per_minute: int) -> None:
        burst = max(1, per_minute // 10)
        self._interval = _MINUTE / (per_minute - burst + 1)
        self._burst_seconds = (burst - 1) * self._interval

    def wait(self, now: float) -> float:
        # If the next request is due in more than a minute, the clock was set back.
        seconds = min(self._due, now + _MINUTE) - self._burst_seconds - now
        return seconds if seconds > _EPSILON else 0.0

    def spend(self, now: float) -> None:
        self._due = max(min(self._due, now + _MINUTE), now) + self._interval


@dataclass(slots=True, eq=False)
class _Waiter:
    kind: RequestKind
    on_outage: Callable[[], None]
    granted: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Resolves when the request may go; true makes it the probe."""

    @property
    def is_done(self) -> bool:
        return self.granted.done()


class RequestScheduler:
    """Queues of requests to one service. Wakes only the request that may go next, however many wait.

    While the breaker is open, uploads fail at once, submissions wait until the outage has lasted
    `outage_timeout` seconds, and all other requests wait until it is over. The probe is a waiting result or
    poll, or else `health_check`: never a submission, whose outcome would then likely be unknown.
    """

    def __init__(
        self,
        clock: Clock,
        breaker: Breaker,
        *,
        name: str,
        per_minute: int | None = None,
        outage_timeout: float = inf,
        health_check: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._clock = clock
        self._breaker = breaker
        self._name = name
        self._rate = None if per_minute is None else Rate(per_minute)
        self._outage_timeout = outage_timeout
        self._health_check = health_check
        self._backed_off_until = 0.0
        self._orders: deque[_Waiter] = deque()
        self._results: deque[_Waiter] = deque()
        self._others: deque[_Waiter] = deque()
        self._orders_in_a_row = 0
        self._waiting = 0
        self._timer: asyncio.Task[None] | None = None
        self._timer_due = inf
        self._check_task: asyncio.Task[None] | None = None

    @property
    def in_outage(self) -> bool:
        """Whether the breaker is open, so that only probes go."""
        return self._breaker.open_since is not None

    @property
    def is_busy(self) -> bool:
        """Whether a new request would have to wait although the service works."""
        return not self.in_outage and (self._has_waiters() or self._wait() > 0)

    @asynccontextmanager
    async def slot(self, kind: RequestKind) -> AsyncGenerator[None]:
        """Wait until the request may go; inside, the caller reports `succeeded` or `failed`."""
        is_probe = await self.acquire(kind)
        try:
            yield
        finally:
            self._release(is_probe=is_probe)

    async def acquire(self, kind: RequestKind, on_outage: Callable[[], None] = lambda: None) -> bool:
        """Wait until the request may go; true makes it the probe.

        Calls `on_outage` if it has to wait for the end of an outage. Raises `Unreachable` if the outage lasts
        too long for this kind of request.
        """
        if self.in_outage:
            if kind is RequestKind.UPLOAD or self._has_timed_out(kind):
                raise self._outage_error()
            on_outage()
        waiter = _Waiter(kind, on_outage)
        self._queue_of(kind).append(waiter)
        self._waiting += 1
        try:
            self._dispatch()
            return await waiter.granted
        except asyncio.CancelledError:
            # The cancellation may come after the grant, and the grant may have been the probe.
            self._release(is_probe=not waiter.granted.cancelled() and waiter.granted.result())
            raise
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._cancel_timer()

    def back_off(self, until: float | None) -> None:
        """Let no request through until then, because Segmind answered that the key made too many.

        Bounds the time, as clocks differ and no order can wait for a day.
        """
        now = self._clock.now()
        until = now + _DEFAULT_BACK_OFF if until is None else min(max(until, now + 1), now + _MAX_BACK_OFF)
        if until > self._backed_off_until:
            self._backed_off_until = until
            log.warning("rate limit reached", seconds=round(until - now, 1))

    def set_rate(self, per_minute: int) -> None:
        """Change the rate from now on; requests already made still count."""
        if self._rate is not None:
            self._rate.set(per_minute)
            self._dispatch()

    def succeeded(self) -> None:
        if (since := self._breaker.open_since) is not None:
            log.info("outage ended", service=self._name, seconds=round(self._clock.now() - since, 1))
        self._breaker.succeeded()
        self._dispatch()

    def failed(self) -> None:
        was_in_outage = self.in_outage
        self._breaker.failed()
        if self.in_outage and not was_in_outage:
            log.error("outage began", service=self._name)
            self._tell_orders()
        self._dispatch()

    def close(self) -> None:
        self._cancel_timer()
        if self._check_task is not None:
            self._check_task.cancel()

    def _dispatch(self) -> None:
        """Let through every request that may go now, and set the timer for the next one."""
        self._fail_timed_out_orders()
        while self._has_waiters():
            if (wait := self._wait()) > 0:
                self._set_timer(min(wait, self._outage_time_left()) if self._orders else wait)
                return
            if self.in_outage:
                self._probe()
            else:
                self._grant(self._next())

    def _release(self, *, is_probe: bool) -> None:
        """Let another probe go, unless this one has already reported an outcome."""
        if is_probe:
            self._breaker.cancel_probe()
            self._dispatch()

    def _wait(self) -> float:
        now = self._clock.now()
        rate = 0.0 if self._rate is None else self._rate.wait(now)
        return max(min(self._backed_off_until - now, _MAX_BACK_OFF), rate, self._breaker.wait())

    def _next(self) -> _Waiter:
        others = self._results or self._others
        if self._orders and (not others or self._orders_in_a_row < _MAX_ORDERS_IN_A_ROW):
            self._orders_in_a_row += 1
            return self._orders.popleft()
        self._orders_in_a_row = 0
        return others.popleft()

    def _grant(self, waiter: _Waiter, *, as_probe: bool = False) -> None:
        self._spend()
        waiter.granted.set_result(as_probe)

    def _spend(self) -> None:
        if self._rate is not None:
            self._rate.spend(self._clock.now())

    def _probe(self) -> None:
        """Let one waiting result or poll go as the probe, or start the health check if there is none."""
        self._breaker.probe()
        for queue, kind in ((self._results, RequestKind.RESULT), (self._others, RequestKind.POLL)):
            for waiter in queue:
                if waiter.kind is kind and not waiter.is_done:
                    queue.remove(waiter)
                    self._grant(waiter, as_probe=True)
                    return
        self._spend()
        self._check_task = asyncio.create_task(self._check_health())

    async def _check_health(self) -> None:
        if self._health_check is not None:
            with suppress(SegmindError):
                await self._health_check()
        if self.in_outage:
            # A check that reported no outcome counts as failed too.
            self._breaker.failed()
        self._dispatch()

    def _tell_orders(self) -> None:
        for waiter in [*self._orders]:
            if waiter.is_done:
                continue
            if waiter.kind is RequestKind.UPLOAD:
                self._orders.remove(waiter)
                waiter.granted.set_exception(self._outage_error())
            else:
                waiter.on_outage()

    def _fail_timed_out_orders(self) -> None:
        while self._orders and self._has_timed_out(self._orders[0].kind):
            if not (waiter := self._orders.popleft()).is_done:
                waiter.granted.set_exception(self._outage_error())

    def _has_timed_out(self, kind: RequestKind) -> bool:
        return kind.is_order and self._outage_time_left() <= 0

    def _outage_time_left(self) -> float:
        since = self._breaker.open_since
        return inf if since is None else since + self._outage_timeout - self._clock.now()

    def _outage_error(self) -> Unreachable:
        return Unreachable(f"{self._name} is out of order")

    def _has_waiters(self) -> bool:
        for queue in (self._orders, self._results, self._others):
            # Cancelled waiters stay in the queue until they reach its front.
            while queue and queue[0].is_done:
                queue.popleft()
        return bool(self._orders or self._results or self._others)

    def _set_timer(self, seconds: float) -> None:
        due = self._clock.now() + seconds
        if self._timer is not None and not self._timer.done() and self._timer_due <= due:
            return
        self._cancel_timer()
        if due < inf:
            self._timer, self._timer_due = asyncio.create_task(self._dispatch_after(seconds)), due

    async def _dispatch_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._timer = None
        self._dispatch()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _queue_of(self, kind: RequestKind) -> deque[_Waiter]:
        if kind.is_order:
            return self._orders
        return self._results if kind is RequestKind.RESULT else self._others
