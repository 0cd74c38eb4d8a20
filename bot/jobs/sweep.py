"""Sweep: brings the running tasks in line with the open jobs in the database."""

import structlog

from bot.clock import Clock
from bot.jobs.ports import OpenJob, Store, StoreUnavailable
from bot.jobs.runner import Runner
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)

INTERVAL = 30.0


class Sweep:
    """Starts the open jobs of this worker that have no task, and stops tasks whose job it does not own.

    The answer to an order's or an adoption's commit can be lost. Then the rows are this worker's, no other
    process adopts them, and nobody runs them. In the same way another process can own a job that waits here.
    """

    def __init__(self, store: Store, runner: Runner, clock: Clock) -> None:
        self._store = store
        self._runner = runner
        self._clock = clock

    async def run(self) -> None:
        await run_periodically(
            self.sweep,
            self._clock,
            INTERVAL,
            "sweep of the open jobs failed",
            initial_delay=INTERVAL,
        )

    async def sweep(self) -> None:
        # Before the open jobs are read, so that a job which begins meanwhile is not taken for a foreign one.
        running = self._runner.running
        own = await self._open_ids()
        for job_id in own - self._runner.running:
            try:
                await self._start(job_id)
            except StoreUnavailable:
                raise
            except Exception:
                # One odd row must not keep the others from being run.
                log.exception("open job without a task not started", job=job_id)
        for job_id in running - own:
            # If the database has lost a job, its task says so to the member.
            if await self._store.find_own(job_id) is None and await self._store.find(job_id) is not None:
                log.info("task of a foreign job stopped", job=job_id)
                self._runner.abandon(job_id)

    async def _start(self, job_id: str) -> None:
        job = await self._store.find_own(job_id)
        if job is not None and not job.told:
            log.warning("open job had no task", job=job_id, state=job.state)
            self._runner.start(job)

    async def _open_ids(self) -> set[str]:
        ids: set[str] = set()
        last: OpenJob | None = None
        while jobs := await self._store.open_jobs(last):
            ids.update(job.id for job in jobs)
            last = jobs[-1]
        return ids
