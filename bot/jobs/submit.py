"""Submitter: sends a job's one paid request once, and searches for it where its outcome is unknown."""

import asyncio
import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, repeat
from typing import Any

import structlog

from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import AtCapacity, JobPorts
from bot.jobs.queue import FairQueue
from bot.jobs.stages import Due, Reconnecting, Searching
from bot.jobs.submission_gate import ClosureReason, ServicePaused, SubmissionGate
from bot.segmind.protocol import (
    Found,
    KeyRejected,
    ModelUnavailable,
    OutcomeUnknown,
    OutOfCredits,
    RateLimited,
    Refused,
    SegmindError,
    Unreachable,
)

log = structlog.stdlib.get_logger(__name__)

# The clocks of two machines are never quite the same.
CLOCK_SKEW = 120.0
# After the clock was set forward, a request sent a moment ago looks old, and is not in the history yet.
MIN_SEARCHES = 3
# Segmind answers 406 for an empty balance and for a value that it does not accept: only the words differ.
_MONEY = re.compile(r"credit|balance|insufficient|quota|fund|payment|billing", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SubmitConfig:
    """Intervals and limits of submissions, in seconds."""

    unknown_window: float = 900.0
    """How long a request of unknown outcome is searched for before its hold is released."""
    unknown_window_unread: float = 3600.0
    """The same while the history cannot be read, which proves nothing; Segmind keeps requests for an hour."""
    search_interval: float = 15.0
    capacity_interval: float = 2.0
    """Pause between attempts while other processes use all capacity."""
    confirm_after: float = 5.0
    """Age of the commit of SUBMITTING from which ownership is confirmed once more before the request."""
    lease_interval: float = 1.0
    """Pause between looks at a lease that has run out."""
    closure: float = 60.0
    """How long the gate stays closed after Segmind refused the key or the model."""
    reconnect_delays: Sequence[float] = (2.0, 5.0, 15.0)
    """Pauses between attempts to reach Segmind; the last one is repeated."""


class _CannotConnect(Exception):
    """Segmind could not be reached: the job is held again, and waits before the next attempt."""

    def __init__(self, job: Job) -> None:
        self.job = job


class Submitter:
    """Sends the one paid request of each job, and searches for it where its outcome is unknown."""

    def __init__(
        self, ports: JobPorts, *, gate: SubmissionGate, queue: FairQueue, config: SubmitConfig
    ) -> None:
        self._segmind = ports.segmind
        self._store = ports.store
        self._watcher = ports.watcher
        self._clock = ports.clock
        self._gate = gate
        self._queue = queue
        self._config = config
        self._posts: set[asyncio.Task[Job]] = set()

    @property
    def rejects_orders(self) -> bool:
        """Whether waiting is pointless because the gate turns every job away."""
        return self._gate.rejects_orders

    @property
    def is_paused(self) -> bool:
        """Whether the operator has paused new jobs."""
        return self._gate.is_paused

    async def submit(self, job: Job) -> Job:
        """Take a job from HELD to the state that Segmind's response calls for."""
        delays = chain(self._config.reconnect_delays, repeat(self._config.reconnect_delays[-1]))
        while True:
            try:
                is_probe = await self._gate.acquire(job.slug, partial(self._watcher.show, job))
            except Unreachable as error:
                return await self._fail(job, Reason.UNREACHABLE, error.detail)
            except ServicePaused:
                return await self._fail(job, Reason.SERVICE)
            try:
                job = await self._shielded(self._send(job, is_probe=is_probe))
            except AtCapacity:
                await self._clock.sleep(self._config.capacity_interval)
                continue
            except _CannotConnect as error:
                job = error.job
                await self._clock.sleep(next(delays))
            if job.state is not State.HELD:
                return job

    async def drain(self, grace: float) -> None:
        """Wait for the responses to running submissions, so that the next start need not search for them."""
        posts = list(self._posts)
        if posts:
            _, late = await asyncio.wait(posts, timeout=grace)
            for post in late:
                post.cancel()
            await asyncio.gather(*posts, return_exceptions=True)

    async def _send(self, job: Job, *, is_probe: bool) -> Job:
        """Write SUBMITTING, then send the request; raise `AtCapacity` where others use all capacity."""
        submitting = await self._store.move(
            job,
            job.to(State.SUBMITTING, submitted_at=self._clock.now()),
            capacity=self._queue.capacity_for(job),
        )
        return await self._post(await self._confirm(submitting), is_probe=is_probe)

    async def _confirm(self, submitting: Job) -> Job:
        """Return once the job is this worker's beyond doubt, or raise `StaleJob`.

        A process that was suspended after the commit may wake after another one has taken the job over. What
        is left is a suspension between the last look at the clock and the request.
        """
        while (left := self._store.lease_left()) is not None:
            age = self._clock.now() - (submitting.submitted_at or 0.0)
            if left > 0 and 0 <= age <= self._config.confirm_after:
                break
            log.warning("submission delayed, ownership confirmed again", seconds=age, lease_left=left)
            if left <= 0:
                # Another process may take the job over at any moment, whatever the database says now.
                await self._clock.sleep(self._config.lease_interval)
            confirmed = replace(submitting, submitted_at=self._clock.now())
            submitting = await self._store.move(submitting, confirmed)
        return submitting

    async def _post(self, submitting: Job, *, is_probe: bool) -> Job:
        """Send the request and write down its outcome: HELD where Segmind accepted nothing for now."""
        try:
            accepted = await self._segmind.submit(submitting.slug, submitting.body)
        except Unreachable:
            self._watcher.show(submitting, Reconnecting())
            raise _CannotConnect(await self._store.move(submitting, submitting.to(State.HELD))) from None
        except RateLimited:
            # The scheduler knows of it, too, and backs off.
            self._watcher.show(submitting, Due())
            return await self._store.move(submitting, submitting.to(State.HELD))
        except Refused as error:
            if not _is_about_money(error):
                return await self._refused(submitting, error)
            # Segmind accepted nothing, so the job is held again for as long as the gate keeps it.
            self._gate.mark_empty()
            return await self._store.move(submitting, submitting.to(State.HELD))
        except OutcomeUnknown as error:
            log.warning("submission outcome unknown", error=error.detail)
            return await self._store.move(submitting, submitting.to(State.UNKNOWN))
        if is_probe:
            self._gate.refill()
        return await self._submitted(submitting, accepted.request_id)

    async def _shielded(self, post: Coroutine[Any, Any, Job]) -> Job:
        """Await a submission that a shutdown does not cancel: `drain` waits for it.

        That begins with the commit of SUBMITTING. A stop between the commit and the request would leave a
        job that nobody sent, and that is searched for.
        """
        task = asyncio.create_task(post)
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)
        return await asyncio.shield(task)

    async def search(self, job: Job) -> Job:
        """Search Segmind's history for the request until it is found or the window has passed."""
        self._watcher.show(job, Searching())
        sent_at, began = job.submitted_at or job.created_at, self._clock.now()
        searches = 0
        while True:
            now = self._clock.now()
            try:
                found = await self._find(job, sent_at)
            except SegmindError as error:
                log.warning("history request failed", error=error.detail)
                # The time before this process began to search says nothing about the history.
                is_over = now - began >= max(self._config.unknown_window, self._config.unknown_window_unread)
            else:
                if found is not None:
                    log.info("unknown submission found", request=found.request_id)
                    return await self._submitted(job, found.request_id)
                searches += 1
                is_over = now - sent_at >= self._config.unknown_window and searches >= MIN_SEARCHES
            if is_over:
                log.warning("unknown submission never found")
                return await self._fail(job, Reason.NOT_FOUND)
            await self._clock.sleep(self._config.search_interval)

    async def _find(self, job: Job, sent_at: float) -> Found | None:
        return await self._segmind.find(
            job.nonce, slug=job.slug, since=sent_at - CLOCK_SKEW, until=self._clock.now() + CLOCK_SKEW
        )

    async def _submitted(self, job: Job, request_id: str) -> Job:
        return await self._store.move(job, job.to(State.SUBMITTED, request_id=request_id))

    async def _refused(self, job: Job, error: Refused) -> Job:
        """Fail the job; where the operator has to act, also close the gate for other jobs."""
        match error:
            case KeyRejected():
                self._close_gate(ClosureReason.KEY)
            case ModelUnavailable():
                self._close_gate(ClosureReason.MODEL, slug=job.slug)
            case _:
                return await self._fail(job, Reason.PARAMETERS, error.detail)
        log.error("submission refused", kind=type(error).__name__, error=error.detail, model=job.slug)
        return await self._fail(job, Reason.SERVICE)

    def _close_gate(self, reason: ClosureReason, *, slug: str | None = None) -> None:
        self._gate.close(reason, until=self._clock.now() + self._config.closure, slug=slug)

    async def _fail(self, job: Job, reason: Reason, detail: str = "") -> Job:
        failed = job.to(State.FAILED, reason=reason, detail=detail, settled_at=self._clock.now())
        return await self._store.move(job, failed)


def _is_about_money(error: Refused) -> bool:
    return isinstance(error, OutOfCredits) and (not error.detail or bool(_MONEY.search(error.detail)))
