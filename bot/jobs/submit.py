"""The one paid request of a job: sent once, and looked for where nobody knows whether it arrived."""

import asyncio
import re
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
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
    BadParameters,
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
# By a clock that was set forward, what was sent a moment ago looks old, and is not in the history yet.
FEWEST_LOOKS = 3
# Segmind answers 406 for an empty balance, and for a value that it does not like: only the words tell which.
_MONEY = re.compile(r"credit|balance|insufficient|quota|fund|payment|billing", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SubmitConfig:
    """How a submission is guarded, in seconds."""

    unknown_window: float = 900.0
    """How long a request of unknown outcome is looked for before its hold is released."""
    unknown_most: float = 3600.0
    """The same while the history cannot be read, which says nothing: Segmind forgets requests in an hour."""
    unknown_every: float = 15.0
    crowded: float = 2.0
    """Between two looks for room at Segmind, where other processes have taken it."""
    paused: float = 60.0
    """How long submissions rest after Segmind refused the key or the model."""
    reconnect: Sequence[float] = (2.0, 5.0, 15.0)
    """The pauses between tries at a Segmind that cannot be reached at all; the last one is repeated."""


class _OutOfReach(Exception):
    """The job is held again, and there is no sense in trying at once."""

    def __init__(self, job: Job) -> None:
        self.job = job


class Submitter:
    def __init__(
        self, world: JobPorts, *, gate: SubmissionGate, line: FairQueue, config: SubmitConfig
    ) -> None:
        self._segmind = world.segmind
        self._store = world.store
        self._watcher = world.watcher
        self._clock = world.clock
        self._gate = gate
        self._line = line
        self._config = config
        self._posts: set[asyncio.Task[Job]] = set()

    @property
    def sends_away(self) -> bool:
        """Whether nobody needs to wait for their turn, because nothing will come of it."""
        return self._gate.rejects_orders

    @property
    def is_halted(self) -> bool:
        """Whether everybody waits for the operator, and not for their turn."""
        return self._gate.is_paused

    async def submit(self, job: Job) -> Job:
        """From HELD to where Segmind's answer leads."""
        pauses = chain(self._config.reconnect, repeat(self._config.reconnect[-1]))
        while True:
            try:
                goes_first = await self._gate.acquire(job.slug, partial(self._watcher.show, job))
            except (Unreachable, ServicePaused) as error:
                return await self._turned_away(job, error)
            if (sending := await self._send_off(job)) is None:
                await self._clock.sleep(self._config.crowded)
                continue
            try:
                job = await self._shielded(self._post(sending, goes_first=goes_first))
            except _OutOfReach as error:
                job = error.job
                await self._clock.sleep(next(pauses))
            if job.state is not State.HELD:
                return job

    async def drain(self, patience: float) -> None:
        """Let what is on its way arrive and be written down, so that no later start has to look for it."""
        posts = list(self._posts)
        if posts:
            _, late = await asyncio.wait(posts, timeout=patience)
            for post in late:
                post.cancel()
            await asyncio.gather(*posts, return_exceptions=True)

    async def _post(self, sending: Job, *, goes_first: bool) -> Job:
        """Send it and write down what came of it: HELD where nothing was taken and it may go again."""
        try:
            accepted = await self._segmind.submit(sending.slug, sending.body)
        except Unreachable:
            self._watcher.show(sending, Reconnecting())
            raise _OutOfReach(await self._store.move(sending, sending.to(State.HELD))) from None
        except RateLimited:
            # The turnstile has heard of it, too, and rests.
            self._watcher.show(sending, Due())
            return await self._store.move(sending, sending.to(State.HELD))
        except Refused as error:
            if not _is_about_money(error):
                return await self._refused(sending, error)
            # Nothing was taken, so it stands where it stood, for as long as the gate lets it.
            self._gate.mark_empty()
            return await self._store.move(sending, sending.to(State.HELD))
        except OutcomeUnknown as error:
            log.warning("the outcome of a submission is unknown", error=error.detail)
            return await self._store.move(sending, sending.to(State.UNKNOWN))
        if goes_first:
            self._gate.refill()
        return await self._submitted(sending, accepted.request_id)

    async def _shielded(self, post: Coroutine[Any, Any, Job]) -> Job:
        """A request that is on its way is not called back when the program ends: see `drain`."""
        task = asyncio.create_task(post)
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)
        return await asyncio.shield(task)

    async def _turned_away(self, job: Job, error: Unreachable | ServicePaused) -> Job:
        """The gate will not let it through."""
        if isinstance(error, Unreachable):
            return await self._fail(job, Reason.UNREACHABLE, error.detail)
        return await self._fail(job, Reason.SERVICE)

    async def _send_off(self, job: Job) -> Job | None:
        """Write down that it is about to be sent; none where other processes' jobs have taken the room."""
        sending = job.to(State.SUBMITTING, submitted_at=self._clock.now())
        try:
            return await self._store.move(job, sending, capacity=self._line.capacity_for(job))
        except AtCapacity:
            return None

    async def search(self, job: Job) -> Job:
        """Look for the request in Segmind's history until it is found or the window has passed."""
        self._watcher.show(job, Searching())
        sent = job.submitted_at or job.created_at
        looks = 0
        while True:
            passed = self._clock.now() - sent
            try:
                found = await self._look_up(job, sent)
            except SegmindError as error:
                log.warning("the history could not be read", error=error.detail)
                over = passed >= max(self._config.unknown_window, self._config.unknown_most)
            else:
                if found is not None:
                    log.info("an unknown submission was found", request=found.request_id)
                    return await self._submitted(job, found.request_id)
                looks += 1
                over = passed >= self._config.unknown_window and looks >= FEWEST_LOOKS
            if over:
                log.warning("an unknown submission was never found")
                return await self._fail(job, Reason.NOT_FOUND)
            await self._clock.sleep(self._config.unknown_every)

    async def _look_up(self, job: Job, sent: float) -> Found | None:
        return await self._segmind.find(
            job.id, slug=job.slug, since=sent - CLOCK_SKEW, until=self._clock.now() + CLOCK_SKEW
        )

    async def _submitted(self, job: Job, request_id: str) -> Job:
        return await self._store.move(job, job.to(State.SUBMITTED, request_id=request_id))

    async def _refused(self, job: Job, error: Refused) -> Job:
        """Nothing was taken. Where the reason is the operator's, everybody else's orders rest, too."""
        match error:
            case BadParameters():
                return await self._fail(job, Reason.PARAMETERS, error.detail)
            case KeyRejected():
                self._rest(ClosureReason.KEY)
            case ModelUnavailable():
                self._rest(ClosureReason.MODEL, slug=job.slug)
            case _:
                return await self._fail(job, Reason.PARAMETERS, error.detail)
        log.error(
            "Segmind refuses submissions", kind=type(error).__name__, error=error.detail, model=job.slug
        )
        return await self._fail(job, Reason.SERVICE)

    def _rest(self, trouble: ClosureReason, *, slug: str | None = None) -> None:
        self._gate.close(trouble, until=self._clock.now() + self._config.paused, slug=slug)

    async def _fail(self, job: Job, reason: Reason, detail: str = "") -> Job:
        failed = job.to(State.FAILED, reason=reason, detail=detail, settled_at=self._clock.now())
        return await self._store.move(job, failed)


def _is_about_money(error: Refused) -> bool:
    return isinstance(error, OutOfCredits) and (not error.detail or bool(_MONEY.search(error.detail)))
