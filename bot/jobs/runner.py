"""One job's life: wait for its turn, submit once, follow, collect, settle, tell."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job, Reason, State
from bot.jobs.outputs import output_of
from bot.jobs.poller import Poller
from bot.jobs.ports import JobPorts, StaleJob, StoreAway
from bot.jobs.queue import FairQueue
from bot.jobs.stages import Collecting, Halted, Stage, Waiting
from bot.jobs.submit import Submitter
from bot.jobs.supervision.outage import Outage
from bot.ledger.ledger import AlreadyRefunded, AuditEntry, Ledger
from bot.segmind.protocol import (
    DownloadError,
    DownloadFailed,
    SegmindError,
    UnreadableResponse,
)

log = structlog.stdlib.get_logger(__name__)


# So many are near the front of the line; far behind them, a position is looked at so many times less often.
_NEAR, _SELDOM = 10, 12


@dataclass(frozen=True, slots=True)
class RunnerConfig:
    """How patient a runner is, in seconds."""

    line_refresh: float = 5.0
    """Between two looks at a waiting job's position, near the front of the line."""
    retry: float = 5.0
    """After a step that failed for a reason nobody foresaw, at first; doubled each time."""
    retry_most: float = 300.0
    last_submits: float = 5.0
    """When the program ends, for the answers to requests that are on their way."""
    result_bytes: int = 200 * 2**20
    result_patience: float = 3600.0
    """How long a result that cannot be had right now is tried for."""

    def refresh(self, position: int) -> float:
        """Further back a change says less, and a long line would fill all of Discord's limits with itself."""
        return self.line_refresh * min(_SELDOM, max(1.0, position / _NEAR))


class Runner:
    """Takes jobs through their states. All that it knows of a job is durable before it acts on it."""

    def __init__(
        self,
        world: JobPorts,
        *,
        line: FairQueue,
        submitter: Submitter,
        poller: Poller,
        outage: Outage,
        ledger: Ledger,
        config: RunnerConfig,
    ) -> None:
        self._segmind = world.segmind
        self._store = world.store
        self._watcher = world.watcher
        self._clock = world.clock
        self._line = line
        self._submitter = submitter
        self._poller = poller
        self._outage = outage
        self._ledger = ledger
        self._config = config
        self._running: dict[str, asyncio.Task[None]] = {}
        # Jobs whose cancelling met a database that was away.
        self._doubtful: set[str] = set()

    def start(self, job: Job) -> None:
        if job.id in self._running:
            return
        life = asyncio.create_task(self._run_to_end(job), name=f"job {job.id}")
        self._running[job.id] = life
        life.add_done_callback(lambda _: self._running.pop(job.id, None))

    async def cancel(self, job: Job) -> None:
        """Take back a job that was not sent; raises `StaleJob` where it went on, or is another process's.

        The database decides: of this move and that of the submission, one finds the job as it was.
        """
        cancelled = job.to(State.CANCELLED, settled_at=self._clock.now())
        try:
            cancelled = await self._store.move(job, cancelled)
        except StoreAway:
            # It may be written all the same: then its life will find it lost, and see it to its end.
            self._doubtful.add(job.id)
            raise
        # Its life may still wait in the line, for something that does not come any more.
        if (life := self._running.get(job.id)) is not None:
            life.cancel()
            await asyncio.wait({life})
        self.start(cancelled)

    async def redeliver(self, job: Job) -> None:
        """See a job that was over to its end once more: somebody has decided what that end is."""
        # Its life may still be about to write down that the member was told of another one.
        if (life := self._running.get(job.id)) is not None:
            life.cancel()
            await asyncio.wait({life})
        self.start(job)

    async def close(self) -> None:
        """Let go of every job where it is; the next start takes them up."""
        running = list(self._running.values())
        for life in running:
            life.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._submitter.drain(self._config.last_submits)

    async def _run_to_end(self, job: Job) -> None:
        with structlog.contextvars.bound_contextvars(job=job.id, guild=job.place.guild_id):
            retry = self._config.retry
            current: Job | None = job
            while current is not None and not current.told:
                try:
                    current = await self._run(current)
                except StaleJob:
                    if (current := await self._taken_back(job)) is None:
                        log.info("another process has taken the job over")
                except StoreAway as error:
                    current = await self._reload_after(error, job)
                except Exception:
                    # A job must come to an end, so what nobody foresaw is tried again from what is durable.
                    log.exception("a step of the job failed and is tried again", seconds=retry)
                    await self._clock.sleep(retry)
                    retry = min(2 * retry, self._config.retry_most)
                    current = await self._reload(current)

    async def _taken_back(self, job: Job) -> Job | None:
        """The job, where it was cancelled here and nobody heard that it was."""
        if job.id not in self._doubtful:
            return None
        self._doubtful.discard(job.id)
        found = await self._reload(job)
        return found if found is not None and found.state is State.CANCELLED else None

    async def _reload_after(self, error: StoreAway, job: Job) -> Job | None:
        """What is durable of it once the database can be used again: the last change may be, or not."""
        while True:
            await self._outage.wait(error)
            try:
                return await self._store.find(job.id)
            except StoreAway as again:
                error = again

    async def _reload(self, job: Job) -> Job | None:
        try:
            return await self._store.find(job.id)
        except Exception:
            log.exception("the job could not be read again")
            return job

    async def _run(self, job: Job) -> None:
        """To the very end; there is nothing left to run afterwards."""
        async with self._room(job):
            while not (job.state.settled or job.state is State.READY):
                job = await self._step(job)
        content = None
        if job.state is State.READY:
            job, content = await self._collect(job)
        elif job.state is State.DONE:
            content = await self._recollect(job)
        log.info("the job has ended", state=job.state, reason=job.reason)
        delivery = await self._deliver(job, content)
        await self._store.mark_told(replace(job, delivery=delivery))

    async def _deliver(self, job: Job, content: bytes | None) -> Delivery:
        while isinstance(outcome := await self._watcher.finish(job, content), Refund):
            # The refund comes first: the card says that it was made, and no failing Discord delays it. A
            # crash from here on leaves the job open, so the next start finds the refund made, and shows it.
            await self._refund(job, outcome)
            job, content = replace(job, reason=outcome.reason, output=None), None
        return outcome

    async def _refund(self, job: Job, refund: Refund) -> None:
        """Refund the job once. The server's spending stays as it is, because Segmind was paid."""
        if not job.price:
            return
        facts = {"job": job.id, "member": job.place.user_id, "amount": job.price}
        audit_entry = AuditEntry(refund.decided_by, "refund", facts, guild_id=job.place.guild_id)
        try:
            await self._ledger.adjust(job.account, job.price, "", audit_entry, job_id=job.id)
        except AlreadyRefunded:
            log.info("job was already refunded")

    @asynccontextmanager
    async def _room(self, job: Job) -> AsyncGenerator[None]:
        """Wait in the line, and hold a place at Segmind until the job is through there."""
        if job.state.settled or job.state is State.READY:
            yield
            return
        ticket = self._line.enter(job) if job.state is State.HELD else self._line.enter_running(job)
        try:
            shown: Stage | None = None
            while not (ticket.called or self._submitter.sends_away):
                position = self._line.position(ticket)
                stage = Halted() if self._submitter.is_halted else Waiting(position)
                if stage != shown:
                    self._watcher.show(job, stage)
                    shown = stage
                await ticket.wait(self._config.refresh(position))
            yield
        finally:
            self._line.leave(ticket)

    async def _step(self, job: Job) -> Job:
        match job.state:
            case State.HELD:
                return await self._submitter.submit(job)
            case State.SUBMITTING:
                # Only a restart finds a job here: whether its request was sent is not known.
                return await self._store.move(job, job.to(State.UNKNOWN))
            case State.UNKNOWN:
                return await self._submitter.search(job)
            case State.SUBMITTED:
                return await self._poller.poll(job)
            case State.READY | State.DONE | State.FAILED | State.BLOCKED | State.EXPIRED | State.CANCELLED:
                return job
            case _:
                assert_never(job.state)

    async def _collect(self, job: Job) -> tuple[Job, bytes | None]:
        """Fetch the result before it is paid: a member pays for a picture, not for an address."""
        try:
            content = await self._fetched(job)
        except (DownloadError, UnreadableResponse) as error:
            log.warning("the result could not be fetched", error=error.detail)
            failed = job.to(
                State.FAILED, reason=Reason.RESULT, detail=error.detail, settled_at=self._clock.now()
            )
            return await self._store.move(job, failed), None
        done = job.to(State.DONE, settled_at=self._clock.now())
        return await self._store.move(job, done), content

    async def _fetched(self, job: Job) -> bytes:
        """The result, which lies at Segmind for days: a fault on the way to it is waited out."""
        output = await output_of(self._segmind, job)
        until = self._clock.now() + self._config.result_patience
        while True:
            try:
                return await self._segmind.fetch(output, limit=self._config.result_bytes)
            except DownloadFailed as error:
                if not error.passing or self._clock.now() >= until:
                    raise
                log.warning("the result cannot be had right now", error=error.detail)
            self._watcher.show(job, Collecting())
            await self._clock.sleep(self._config.retry)

    async def _recollect(self, job: Job) -> bytes | None:
        """The result of a job that was paid before a restart and not yet shown."""
        try:
            return await self._segmind.fetch(
                await output_of(self._segmind, job), limit=self._config.result_bytes
            )
        except SegmindError as error:
            log.warning("the result could not be fetched again", error=error.detail)
            return None
