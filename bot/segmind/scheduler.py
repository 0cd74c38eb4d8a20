"""Scheduler of requests: keeps to the rate of the key, and probes during an outage."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from math import inf

import structlog

from bot.clock import Clock
from bot.segmind.breaker import Breaker
from bot.segmind.errors import SegmindError, Unreachable
from bot.segmind.polling import PollPlan
from bot.segmind.rate import Bucket, KeyRate
from bot.segmind.request_queue import RequestKind, RequestQueue, Waiter

log = structlog.stdlib.get_logger(__name__)

_DEFAULT_BACK_OFF, _MAX_BACK_OFF = 10.0, 600.0


class RequestScheduler:
    """Lets requests to one service through. Wakes only the request that may go next, however many wait.

    A poll of a job that has hardly ended yet spares a part of the burst, so that an order or a result need
    not wait.

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
        rate: KeyRate | None = None,
        outage_timeout: float = inf,
        health_check: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._clock = clock
        self._breaker = breaker
        self._name = name
        self._rate = rate
        self._bucket = None if rate is None else Bucket(rate)
        self._outage_timeout = outage_timeout
        self._health_check = health_check
        self._backed_off_until = 0.0
        self._queue = RequestQueue()
        self._waiting = 0
        self._timer: asyncio.Task[None] | None = None
        self._timer_due = inf
        self._check_task: asyncio.Task[None] | None = None

    @property
    def in_outage(self) -> bool:
        """Return whether the breaker is open, so that only probes go."""
        return self._breaker.open_since is not None

    @property
    def is_busy(self) -> bool:
        """Return whether a new request would have to wait although the service works."""
        return not self.in_outage and (self._seconds_to_wait() > 0 or self._queue.has_orders)

    @asynccontextmanager
    async def slot(self, kind: RequestKind, *, plan: PollPlan | None = None) -> AsyncGenerator[None]:
        """Wait until the request may go; inside, the caller reports `succeeded` or `failed`."""
        is_probe = await self.acquire(kind, plan=plan)
        try:
            yield
        finally:
            self._release(is_probe=is_probe)

    async def acquire(
        self,
        kind: RequestKind,
        on_outage: Callable[[], None] = lambda: None,
        *,
        plan: PollPlan | None = None,
    ) -> bool:
        """Wait until the request may go; true makes it the probe. `plan` says how urgent a poll is.

        Calls `on_outage` if it has to wait for the end of an outage. Raises `Unreachable` if the outage lasts
        too long for this kind of request.
        """
        if self.in_outage:
            if kind is RequestKind.UPLOAD or self._has_timed_out(kind):
                raise self._outage_error()
            on_outage()
        waiter = Waiter(kind, on_outage, plan)
        self._queue.add(waiter)
        self._waiting += 1
        try:
            self._dispatch()
            return await waiter.granted
        except asyncio.CancelledError:
            # The cancellation may come after the grant, and the grant may have been the probe.
            self._release(is_probe=not waiter.granted.cancelled() and waiter.granted.result())
            raise
        finally:
            if waiter.plan is not None:
                self._queue.discard(waiter)
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

    def refused(self, until: float | None) -> None:
        """Lower the rate and back off, because Segmind answered that the key made too many requests."""
        now = self._clock.now()
        if self._rate is not None and self._bucket is not None:
            self._rate.refused(now, accepted=self._bucket.accepted(now))
        self.back_off(until)

    def apply_stated_limits(self, limit: int | None, remaining: int | None, until: float | None) -> None:
        """Keep to the limit and the remaining requests that Segmind states, as far as it does."""
        if limit is not None and self._rate is not None:
            self._rate.stated(limit, self._clock.now())
        if remaining == 0 and until is not None:
            self.back_off(until)

    def share(self, processes: int) -> None:
        """Use one of this many parts of the key's rate from now on."""
        if self._bucket is not None:
            self._bucket.share(processes)
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
            self._report_outage_to_orders()
        self._dispatch()

    def close(self) -> None:
        self._cancel_timer()
        if self._check_task is not None:
            self._check_task.cancel()

    def _dispatch(self) -> None:
        """Let through every request that may go now, and set the timer for the next one."""
        self._fail_timed_out_orders()
        while (waiter := self._queue.next(self._clock.now())) is not None:
            if (wait := self._seconds_to_wait(waiter)) > 0:
                self._set_timer(min(wait, self._outage_time_left()) if self._queue.has_orders else wait)
                return
            if self.in_outage:
                self._probe()
            else:
                self._queue.take(waiter)
                self._grant(waiter)

    def _release(self, *, is_probe: bool) -> None:
        """Let another probe go, unless this one has already reported an outcome."""
        if is_probe:
            self._breaker.cancel_probe()
            self._dispatch()

    def _seconds_to_wait(self, waiter: Waiter | None = None) -> float:
        now = self._clock.now()
        is_spare = waiter is not None and waiter.is_spare(now)
        rate = 0.0 if self._bucket is None else self._bucket.wait(now, is_spare=is_spare)
        return max(min(self._backed_off_until - now, _MAX_BACK_OFF), rate, self._breaker.wait())

    def _grant(self, waiter: Waiter, *, as_probe: bool = False) -> None:
        self._spend()
        waiter.granted.set_result(as_probe)

    def _spend(self) -> None:
        if self._bucket is not None:
            self._bucket.spend(self._clock.now())

    def _probe(self) -> None:
        """Let one waiting result or poll go as the probe, or start the health check if there is none."""
        self._breaker.probe()
        if (waiter := self._queue.next_probe(self._clock.now())) is not None:
            self._queue.discard(waiter)
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

    def _report_outage_to_orders(self) -> None:
        for waiter in self._queue.orders:
            if waiter.kind is RequestKind.UPLOAD:
                self._reject(waiter)
            else:
                waiter.on_outage()

    def _fail_timed_out_orders(self) -> None:
        if self._outage_time_left() <= 0:
            for waiter in self._queue.orders:
                self._reject(waiter)

    def _reject(self, waiter: Waiter) -> None:
        self._queue.discard(waiter)
        waiter.granted.set_exception(self._outage_error())

    def _has_timed_out(self, kind: RequestKind) -> bool:
        return kind.is_order and self._outage_time_left() <= 0

    def _outage_time_left(self) -> float:
        since = self._breaker.open_since
        return inf if since is None else since + self._outage_timeout - self._clock.now()

    def _outage_error(self) -> Unreachable:
        return Unreachable(f"{self._name} is out of order")

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
