"""A submitted job is asked after until Segmind says how it ended."""

from collections.abc import Callable, Sequence
from typing import assert_never

import structlog

from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import JobPorts
from bot.jobs.stages import Processing, Queued
from bot.segmind import protocol
from bot.segmind.polling import PollTiming

log = structlog.stdlib.get_logger(__name__)

# An answer that makes no sense may be a passing fault; one that comes again and again is not.
UNREADABLE_MOST = 3


class Poller:
    def __init__(
        self,
        world: JobPorts,
        *,
        pace: Callable[[Job], PollTiming],
        timeout: float,
        on_cost: Callable[[float | None], None] = lambda _: None,
        history_delays: Sequence[float] = (15.0, 60.0, 180.0),
    ) -> None:
        """`timeout`: seconds until a job without an end is given up; `on_cost`: told what a job left over.

        `history_delays`: between the tries to read the history of a job that Segmind has forgotten.
        """
        self._segmind = world.segmind
        self._store = world.store
        self._watcher = world.watcher
        self._clock = world.clock
        self._pace = pace
        self._patience = timeout
        self._on_cost = on_cost
        self._recall_pauses = history_delays

    async def poll(self, job: Job) -> Job:
        pace = self._pace(job)
        sent = job.submitted_at or job.created_at
        since, renewed = sent, False
        unreadable = 0
        # What is learned meanwhile is no news of this job.
        usual = pace.median
        self._watcher.show(job, Queued(sent, usual))
        while True:
            elapsed = self._clock.now() - sent
            await self._clock.sleep(pace.next_wait(elapsed))
            try:
                state = await self._segmind.status(job.request_id or "")
            except protocol.UnreadableResponse as error:
                unreadable += 1
                log.warning("an answer could not be read", error=error.detail)
                if unreadable >= UNREADABLE_MOST:
                    return await self._end(job, State.FAILED, Reason.RESULT, error.detail)
                continue
            except protocol.Unavailable as error:
                log.warning("the state could not be asked for", error=error.detail)
                state = None
            if (moved := await self._saw(job, state, pace, sent, usual)) is not None:
                return moved
            if self._clock.now() - since > self._patience:
                # A clock that was set forward makes a job look old that Segmind is still at work on.
                if renewed or state is None:
                    return await self._forgotten(job)
                since, renewed = self._clock.now(), True

    async def _saw(
        self, job: Job, state: protocol.State | None, pace: PollTiming, sent: float, usual: float
    ) -> Job | None:
        """What a state means for the job; none where it goes on."""
        match state:
            case None:
                return None
            case protocol.Queued():
                self._watcher.show(job, Queued(sent, usual))
                return None
            case protocol.Processing():
                self._watcher.show(job, Processing(sent, usual))
                return None
            case protocol.Completed(output, metrics):
                pace.learn(self._clock.now() - sent)
                self._on_cost(metrics.remaining_credits)
                url = output.url if isinstance(output, protocol.Link) else None
                return await self._store.move(job, job.to(State.READY, output=url, cost=metrics.cost))
            case protocol.Failed(detail, blocked):
                return await self._end(
                    job, State.BLOCKED if blocked else State.FAILED, Reason.SEGMIND, detail
                )
            case protocol.Expired():
                return await self._forgotten(job)
            case _:
                assert_never(state)

    async def _forgotten(self, job: Job) -> Job:
        """Segmind forgets a request after its hour; its history may still know how it went."""
        match await self._recalled(job):
            case protocol.Found(status="COMPLETED", output=protocol.Link(url), cost=cost):
                log.info("a forgotten job was found in the history")
                return await self._store.move(job, job.to(State.READY, output=url, cost=cost))
            case protocol.Found(status="FAILED", error=error):
                detail = error or ""
                blocked = protocol.is_block(detail)
                return await self._end(
                    job, State.BLOCKED if blocked else State.FAILED, Reason.SEGMIND, detail
                )
            case _:
                return await self._end(job, State.EXPIRED)

    async def _recalled(self, job: Job) -> protocol.Found | None:
        for pause in (*self._recall_pauses, None):
            try:
                return await self._segmind.history_record(job.request_id or "")
            except protocol.SegmindError as error:
                log.warning("the history could not be read", error=error.detail)
            if pause is not None:
                await self._clock.sleep(pause)
        return None

    async def _end(self, job: Job, state: State, reason: Reason | None = None, detail: str = "") -> Job:
        ended = job.to(state, reason=reason, detail=detail, settled_at=self._clock.now())
        return await self._store.move(job, ended)
