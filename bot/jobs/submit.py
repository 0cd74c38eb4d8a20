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
from bot.jobs.ports import JobPorts, RequestTaken
from bot.jobs.stages import Due, Reconnecting, Searching
from bot.jobs.unknown.search import SubmissionSearch
from bot.jobs.waiting.queue import FairQueue
from bot.jobs.waiting.slots import Slots
from bot.jobs.waiting.submission_gate import ClosureReason, ServicePaused, SubmissionGate
from bot.segmind.errors import (
    KeyRejected,
    ModelUnavailable,
    OutcomeUnknown,
    OutOfCredits,
    RateLimited,
    Refused,
    Unreachable,
)

log = structlog.stdlib.get_logger(__name__)

# A lost commit is noticed within seconds, and no hour has this many jobs.
_MAX_REMEMBERED = 10_000
# Segmind answers 406 for an empty balance and for a value that it does not accept: only the words differ.
_MONEY = re.compile(r"credit|balance|insufficient|quota|fund|payment|billing", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SubmitConfig:
    """Intervals and limits of submissions, in seconds."""

    slot_interval: float = 1.0
    """Pause between two requests for slots while other processes use all capacity."""
    confirm_after: float = 5.0
    """Age of the commit of SUBMITTING from which ownership is confirmed once more before the request."""
    lease_interval: float = 1.0
    """Pause between looks at a lease that has run out."""
    closure: float = 60.0
    """Seconds for which the gate stays closed after Segmind refused the key or the model."""
    reconnect_delays: Sequence[float] = (2.0, 5.0, 15.0)
    """Pauses between attempts to reach Segmind; the last one is repeated."""


class _CannotConnect(Exception):
    """Segmind could not be reached: the job is held again, and waits before the next attempt."""

    def __init__(self, job: Job) -> None:
        self.job = job


class Submitter:
    """Sends the one paid request of each job, and searches for it where its outcome is unknown."""

    def __init__(
        self,
        ports: JobPorts,
        *,
        gate: SubmissionGate,
        queue: FairQueue,
        search: SubmissionSearch,
        config: SubmitConfig,
    ) -> None:
        self._segmind = ports.segmind
        self._store = ports.store
        self._watcher = ports.watcher
        self._clock = ports.clock
        self.gate = gate
        self._search = search
        self._config = config
        self._slots = Slots(ports, queue=queue, gate=gate, interval=config.slot_interval)
        self._posts: set[asyncio.Task[Job]] = set()
        # Requests that this process sent, by job, and their ids where there was a response.
        self._sent: dict[str, str | None] = {}

    async def submit(self, job: Job) -> Job:
        """Take a job from HELD to the state that Segmind's response calls for."""
        if job.id in self._sent:
            return await self._already_sent(job, self._sent[job.id])
        if job.cancel_requested:
            return await self._store.move(job, job.to(State.CANCELLED, settled_at=self._clock.now()))
        async with self._slots.acquire(job):
            return await self._submit(job)

    async def _submit(self, job: Job) -> Job:
        delays = chain(self._config.reconnect_delays, repeat(self._config.reconnect_delays[-1]))
        while True:
            try:
                is_probe = await self.gate.acquire(job.slug, partial(self._watcher.show, job))
            except Unreachable as error:
                return await self._fail(job, Reason.UNREACHABLE, error.detail)
            except ServicePaused:
                return await self._fail(job, Reason.SERVICE)
            try:
                job = await self._shielded(self._send(job, is_probe=is_probe))
            except _CannotConnect as error:
                job = error.job
                await self._clock.sleep(next(delays))
            if job.state is not State.HELD:
                return job

    def has_sent(self, job_id: str) -> bool:
        """Return whether this process sent the job's request, even if the database has lost the record."""
        return job_id in self._sent

    async def drain(self, grace: float) -> None:
        """Wait for the responses to running submissions, so that the next start need not search for them."""
        await self._slots.close()
        posts = list(self._posts)
        if posts:
            _, late = await asyncio.wait(posts, timeout=grace)
            for post in late:
                post.cancel()
            await asyncio.gather(*posts, return_exceptions=True)

    async def _send(self, job: Job, *, is_probe: bool) -> Job:
        """Write SUBMITTING, then send the request."""
        submitting = await self._store.move(job, job.to(State.SUBMITTING, submitted_at=self._clock.now()))
        return await self._post(await self._confirm(submitting), is_probe=is_probe)

    async def _confirm(self, submitting: Job) -> Job:
        """Return once the job is this worker's beyond doubt, or raise `StaleJob`.

        A process that was suspended after the commit may wake after another one has taken the job over. Only
        a suspension between the last look at the clock and the request remains possible.
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
        self._remember(submitting)
        try:
            accepted = await self._segmind.submit(submitting.slug, submitting.body)
        except Unreachable:
            self._watcher.show(submitting, Reconnecting())
            raise _CannotConnect(await self._hold_again(submitting)) from None
        except RateLimited:
            # The scheduler knows of it, too, and backs off.
            self._watcher.show(submitting, Due())
            return await self._hold_again(submitting)
        except Refused as error:
            if _is_about_money(error):
                self.gate.mark_empty()
                return await self._hold_again(submitting)
            self._sent.pop(submitting.id, None)
            return await self._refused(submitting, error)
        except OutcomeUnknown as error:
            log.warning("submission outcome unknown", error=error.detail)
            return await self._store.move(submitting, submitting.to(State.UNKNOWN))
        self._sent[submitting.id] = accepted.request_id
        if is_probe:
            self.gate.refill()
        return await self._submitted(submitting, accepted.request_id)

    async def _hold_again(self, submitting: Job) -> Job:
        """Let a job wait for another attempt, because Segmind accepted nothing."""
        self._sent.pop(submitting.id, None)
        return await self._store.move(submitting, submitting.to(State.HELD))

    def _remember(self, job: Job) -> None:
        """Remember a request that is about to be sent, whatever becomes of the record in the database."""
        self._sent[job.id] = None
        if len(self._sent) > _MAX_REMEMBERED:
            del self._sent[next(iter(self._sent))]

    async def _shielded(self, post: Coroutine[Any, Any, Job]) -> Job:
        """Await a submission that a shutdown does not cancel: `drain` waits for it.

        That begins with the commit of SUBMITTING. A stop between the commit and the request would leave a
        job that nobody sent, and that is searched for.
        """
        task = asyncio.create_task(post)
        self._posts.add(task)
        task.add_done_callback(self._forget_post)
        return await asyncio.shield(task)

    def _forget_post(self, post: asyncio.Task[Job]) -> None:
        self._posts.discard(post)
        if not post.cancelled():
            # Where the job was cancelled meanwhile, asyncio would report that nobody reads this error.
            post.exception()

    async def search(self, job: Job) -> Job:
        """Search Segmind's history for a request of unknown outcome until its outcome is certain."""
        self._watcher.show(job, Searching())
        found = await self._search.find(job)
        if found is None:
            return await self._fail(job, Reason.NOT_FOUND)
        return await self._submitted(job, found.request_id)

    async def look_up(self, job: Job) -> Job:
        """Find out whether a waiting job that this process adopted was sent before.

        A database that fails over may lose its last commits, and a job may be sent as soon as it is written,
        so no times of an adopted job show that nothing was sent.
        """
        if job.state is not State.HELD or not job.is_adopted:
            return job
        try:
            found = await self._search.find_sent(job)
        except Unreachable as error:
            return await self._fail(job, Reason.UNREACHABLE, error.detail)
        return job if found is None else await self._already_sent(job, found.request_id)

    async def _already_sent(self, job: Job, request_id: str | None) -> Job:
        """Write down again that a waiting job was sent, with its request if that is known."""
        log.error("record of a submission was lost", request=request_id)
        submitting = job.to(State.SUBMITTING, submitted_at=job.created_at)
        submitting = await self._store.move(job, submitting)
        if request_id is None:
            return await self._store.move(submitting, submitting.to(State.UNKNOWN))
        return await self._submitted(submitting, request_id)

    async def _submitted(self, job: Job, request_id: str) -> Job:
        try:
            return await self._store.move(job, job.to(State.SUBMITTED, request_id=request_id))
        except RequestTaken:
            # The search skips requests that other jobs have.
            log.warning("request belongs to another job", request=request_id)
            return job if job.state is State.UNKNOWN else await self._store.move(job, job.to(State.UNKNOWN))

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
        self.gate.close(reason, until=self._clock.now() + self._config.closure, slug=slug)

    async def _fail(self, job: Job, reason: Reason, detail: str = "") -> Job:
        failed = job.to(State.FAILED, reason=reason, detail=detail, settled_at=self._clock.now())
        return await self._store.move(job, failed)


def _is_about_money(error: Refused) -> bool:
    return isinstance(error, OutOfCredits) and (not error.detail or bool(_MONEY.search(error.detail)))
