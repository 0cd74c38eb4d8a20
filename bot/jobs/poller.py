"""Poller: asks Segmind for a submitted job's status until the job has ended."""

from collections.abc import Callable, Sequence
from typing import assert_never

import structlog

from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import JobPorts
from bot.jobs.stages import Processing, Queued
from bot.segmind import states
from bot.segmind.errors import SegmindError, Unavailable, UnreadableResponse
from bot.segmind.history import Found
from bot.segmind.outputs import Link
from bot.segmind.polling import PollPlan, PollTiming
from bot.segmind.protocol import is_block

log = structlog.stdlib.get_logger(__name__)

# Pauses between attempts to find an expired request in the history, which may list it late.
HISTORY_DELAYS = (15.0, 60.0, 180.0)
# One unreadable response may be a passing fault; several in one job are not.
MAX_UNREADABLE = 3


class Poller:
    """Takes a job from SUBMITTED to READY or to an end without a result."""

    def __init__(
        self,
        ports: JobPorts,
        *,
        timing_of: Callable[[Job], PollTiming],
        timeout: float,
        on_cost: Callable[[float | None], None] = lambda _: None,
        history_delays: Sequence[float] = HISTORY_DELAYS,
        forgotten_after: float = states.FORGOTTEN_AFTER,
    ) -> None:
        """`timeout`: seconds after which the poller gives up a job that does not end.

        `on_cost`: receives the balance that a completed job left, where Segmind names it.
        `history_delays`: pauses between attempts to find an expired request in Segmind's history.
        `forgotten_after`: age up to which a status of "not found" is a passing fault.
        """
        self._segmind = ports.segmind
        self._store = ports.store
        self._watcher = ports.watcher
        self._clock = ports.clock
        self._timing_of = timing_of
        self._timeout = timeout
        self._on_cost = on_cost
        self._history_delays = history_delays
        self._forgotten_after = forgotten_after

    async def poll(self, job: Job) -> Job:
        plan = self._timing_of(job).start(job.submitted_at or job.created_at)
        timeout_start, is_extended = plan.sent_at, False
        unreadable = 0
        self._watcher.show(job, Queued(plan.sent_at, plan.usual))
        while True:
            await self._clock.sleep(plan.wait(self._clock.now()))
            try:
                state = await self._segmind.status(job.request_id or "", plan)
            except UnreadableResponse as error:
                unreadable += 1
                log.warning("status response unreadable", error=error.detail)
                if unreadable >= MAX_UNREADABLE:
                    return await self._end(job, State.FAILED, Reason.RESULT, error.detail)
                plan.failed(self._clock.now())
                continue
            except Unavailable as error:
                log.warning("status request failed", error=error.detail)
                state = None
            if (moved := await self._apply(job, state, plan)) is not None:
                return moved
            if self._clock.now() - timeout_start > self._timeout:
                # A clock that was set forward makes a job look old while Segmind still works on it.
                if is_extended or not isinstance(state, states.Queued | states.Processing):
                    return await self._resolve_expired(job)
                timeout_start, is_extended = self._clock.now(), True

    async def _apply(self, job: Job, state: states.State | None, plan: PollPlan) -> Job | None:
        """Show or write down the status; return the job where that was the end of polling."""
        now = self._clock.now()
        match state:
            case None:
                plan.failed(now)
                return None
            case states.Queued():
                plan.seen(now, is_queued=True)
                self._watcher.show(job, Queued(plan.sent_at, plan.usual))
                return None
            case states.Processing():
                plan.seen(now, is_queued=False)
                self._watcher.show(job, Processing(plan.sent_at, plan.usual))
                return None
            case states.Completed(output, metrics):
                plan.ended(now, metrics.seconds)
                self._on_cost(metrics.remaining_credits)
                if metrics.implausible_cost is not None:
                    log.warning("implausible cost ignored", cost=metrics.implausible_cost)
                url = output.url if isinstance(output, Link) else None
                return await self._store.move(job, job.to(State.READY, output=url, cost=metrics.cost))
            case states.Failed(detail, blocked):
                return await self._fail(job, detail, blocked=blocked)
            case states.Expired() if now - plan.sent_at < self._forgotten_after:
                plan.failed(now)
                log.warning("fresh request not found", request=job.request_id)
                return await self._end_from_history(job)
            case states.Expired():
                return await self._resolve_expired(job)
            case _:
                assert_never(state)

    async def _resolve_expired(self, job: Job) -> Job:
        """Segmind forgets a request after an hour; its history may still hold the outcome, or get it late."""
        for delay in (*self._history_delays, None):
            if (ended := await self._end_from_history(job)) is not None:
                return ended
            if delay is not None:
                await self._clock.sleep(delay)
        return await self._end(job, State.EXPIRED)

    async def _end_from_history(self, job: Job) -> Job | None:
        """Write down the end that Segmind's history shows; return nothing where it shows none."""
        try:
            found = await self._segmind.history_record(job.request_id or "")
        except SegmindError as error:
            log.warning("history request failed", error=error.detail)
            return None
        match found:
            case Found(status="COMPLETED", output=Link(url), cost=cost):
                log.info("result found in the history")
                return await self._store.move(job, job.to(State.READY, output=url, cost=cost))
            case Found(status="FAILED", error=error):
                detail = error or ""
                return await self._fail(job, detail, blocked=is_block(detail))
            case _:
                return None

    async def _fail(self, job: Job, detail: str, *, blocked: bool) -> Job:
        return await self._end(job, State.BLOCKED if blocked else State.FAILED, Reason.SEGMIND, detail)

    async def _end(self, job: Job, state: State, reason: Reason | None = None, detail: str = "") -> Job:
        ended = job.to(state, reason=reason, detail=detail, settled_at=self._clock.now())
        return await self._store.move(job, ended)
