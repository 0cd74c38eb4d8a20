"""Runner: takes each job from its hold to its delivery, and after a restart from where it was."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from bot.jobs.deliverer import Deliverer
from bot.jobs.fetcher import ResultFetcher
from bot.jobs.job import Job, Reason, State
from bot.jobs.poller import Poller
from bot.jobs.ports import JobPorts, StaleJob, StoreUnavailable
from bot.jobs.submit import Submitter
from bot.jobs.supervision.outage import Outage
from bot.jobs.waiting.admission import Admission, Admissions
from bot.jobs.waiting.queue import FairQueue
from bot.ledger.ledger import Ledger
from bot.segmind.errors import SegmindError
from bot.tasks import cancel

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerConfig:
    """Intervals and limits of a runner; times in seconds."""

    position_interval: float = 5.0
    """Pause between two updates of a waiting job's position, near the front of the queue."""
    retry_delay: float = 5.0
    """Pause after an unexpected error, doubled each time."""
    max_retry_delay: float = 300.0
    shutdown_grace: float = 5.0
    """Seconds for which a shutdown waits for the responses to running submissions."""


class Runner:
    """Runs one task per job. Every state is durable before the runner acts on it."""

    def __init__(
        self,
        ports: JobPorts,
        *,
        queue: FairQueue,
        submitter: Submitter,
        poller: Poller,
        fetcher: ResultFetcher,
        outage: Outage,
        ledger: Ledger,
        config: RunnerConfig,
    ) -> None:
        self._store = ports.store
        self._clock = ports.clock
        self._submitter = submitter
        self._admissions = Admissions(
            ports, queue=queue, gate=submitter.gate, position_interval=config.position_interval
        )
        self._poller = poller
        self._fetcher = fetcher
        self._outage = outage
        self._deliverer = Deliverer(ports, ledger, retry_delay=config.retry_delay)
        self._config = config
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._is_closed = False

    @property
    def running(self) -> frozenset[str]:
        """Ids of the jobs that have a task."""
        return frozenset(self._tasks)

    def start(self, job: Job) -> None:
        """Run a job, unless it runs already; during a shutdown, leave it to the next start."""
        if self._is_closed or job.id in self._tasks:
            return
        task = asyncio.create_task(self._run_to_end(job), name=f"job {job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))

    async def cancel(self, job: Job) -> None:
        """Cancel a job that was not submitted, or ask its owner to; raise `StaleJob` where it moved on.

        The database decides: of this move and the submission's, only one finds the job unchanged. If it has
        lost a submission, only the process that sent the request knows, or Segmind's history.
        """
        if self._submitter.has_sent(job.id):
            raise StaleJob(job.id)
        own = await self._store.find_own(job.id)
        if own is None:
            # After a takeover, the button is pressed in one process, and the job waits in another.
            if not await self._store.request_cancellation(job.id):
                raise StaleJob(job.id)
            log.info("owner asked to cancel the job", job=job.id)
            return
        own = await self._submitter.look_up(own)
        if own.state is not State.HELD:
            raise StaleJob(job.id)
        await self.redeliver(await self._move_to_cancelled(own))
        log.info("job cancelled", job=job.id)

    async def _move_to_cancelled(self, job: Job) -> Job:
        try:
            return await self._store.move(job, job.to(State.CANCELLED, settled_at=self._clock.now()))
        except StoreUnavailable:
            # The answer may be lost although the move is written.
            found = await self._store.find_own(job.id)
            if found is None or found.state is not State.CANCELLED:
                raise
            return found

    def abandon(self, job_id: str) -> None:
        """Stop the task of a job that another process now owns."""
        if (task := self._tasks.get(job_id)) is not None:
            task.cancel()

    async def redeliver(self, job: Job) -> None:
        """Run a settled job once more, because its end has changed."""
        # Its task may still wait in the queue, or be about to close the job with the previous end.
        if (task := self._tasks.get(job.id)) is not None:
            task.cancel()
            await asyncio.wait({task})
        self.start(job)

    async def close(self) -> None:
        """Stop every job where it is; the next start resumes them."""
        self._is_closed = True
        await cancel(*self._tasks.values())
        await self._submitter.drain(self._config.shutdown_grace)

    async def _run_to_end(self, job: Job) -> None:
        with structlog.contextvars.bound_contextvars(job=job.id, guild=job.place.guild_id):
            delay = self._config.retry_delay
            current: Job | None = job
            while current is not None and not current.told:
                try:
                    await self._run(current)
                except StaleJob:
                    log.info("copy of the job is stale")
                except StoreUnavailable as error:
                    await self._outage.wait(error)
                except Exception:
                    # Every job has to end, so an unexpected error is retried from the durable state.
                    log.exception("step of the job failed", retry_in=delay)
                    await self._clock.sleep(delay)
                    delay = min(2 * delay, self._config.max_retry_delay)
                else:
                    return
                current = await self._read(lambda: self._store.find_own(job.id))
            if current is None:
                await self._leave(job)

    async def _read(self, read: Callable[[], Awaitable[Job | None]]) -> Job | None:
        """Read a job, however long the database is away.

        After a lost answer nobody knows which of two states is durable, and a move of the wrong one is
        refused.
        """
        while True:
            try:
                return await read()
            except StoreUnavailable as error:
                await self._outage.wait(error)
            except Exception:
                log.exception("job could not be read again")
                await self._clock.sleep(self._config.retry_delay)

    async def _leave(self, job: Job) -> None:
        """Leave a job to the process that owns it. If the database has lost it, only this one can say so."""
        if await self._read(lambda: self._store.find(job.id)) is not None:
            log.info("job taken over by another process")
            return
        log.error("job missing from the database")
        lost = job.to(State.FAILED, reason=Reason.FORGOTTEN, settled_at=self._clock.now())
        # The batch is lost with it: its jobs were opened together.
        await self._deliverer.show_lost(replace(lost, batch=None))

    async def _run(self, job: Job) -> None:
        job = await self._submitter.look_up(job)
        async with self._admissions.admitted(job) as admission:
            while not (job.state.settled or job.state is State.READY):
                job = await self._step(job, admission)
        content = None
        if job.state is State.READY:
            job, content = await self._fetch_and_settle(job)
        elif job.state is State.DONE:
            content = await self._fetch_again(job)
        log.info("job finished", state=job.state, reason=job.reason)
        delivery = await self._deliverer.deliver(job, content)
        await self._store.mark_told(replace(job, delivery=delivery))

    async def _step(self, job: Job, admission: Admission) -> Job:
        match job.state:
            case State.HELD:
                return await self._submitter.submit(job)
            case State.SUBMITTING:
                # Only a restart finds a job in this state: nobody knows whether its request was sent.
                return await self._store.move(job, job.to(State.UNKNOWN))
            case State.UNKNOWN:
                async with self._admissions.while_unknown(job, admission):
                    return await self._submitter.search(job)
            case State.SUBMITTED:
                admission.use(job)
                return await self._poller.poll(job)
            case State.READY | State.DONE | State.FAILED | State.BLOCKED | State.EXPIRED | State.CANCELLED:
                return job
            case _:
                assert_never(job.state)

    async def _fetch_and_settle(self, job: Job) -> tuple[Job, bytes | None]:
        """Fetch the result before capturing: members pay for a picture, not for a URL."""
        try:
            content = await self._fetcher.fetch(job)
        except SegmindError as error:
            log.warning("result could not be fetched", error=error.detail)
            failed = job.to(
                State.FAILED, reason=Reason.RESULT, detail=error.detail, settled_at=self._clock.now()
            )
            return await self._store.move(job, failed), None
        done = job.to(State.DONE, settled_at=self._clock.now())
        return await self._store.move(job, done), content

    async def _fetch_again(self, job: Job) -> bytes | None:
        """Fetch the result of a job that was captured before a restart and not yet delivered."""
        try:
            return await self._fetcher.fetch(job)
        except SegmindError as error:
            log.warning("result could not be fetched again", error=error.detail)
            return None
