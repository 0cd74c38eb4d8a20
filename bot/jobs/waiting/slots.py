"""Slots: the capacity that all processes share, given to the job that was ordered first."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.jobs.job import Job
from bot.jobs.ports import JobPorts, SlotRequest, StaleJob
from bot.jobs.waiting.position import PositionDisplay
from bot.jobs.waiting.queue import FairQueue
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.tasks import cancel, first_of


@dataclass(slots=True, eq=False)
class _Waiter:
    job: Job
    display: PositionDisplay
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Slots:
    """Asks the database for slots on behalf of all jobs of this process that are next in its queue.

    A job gets its slot before it asks for a share of the key's rate, so no request is spent on a job that
    could not be submitted. All jobs ask in one transaction, and again at an interval, because no process
    notifies the others.
    """

    def __init__(self, ports: JobPorts, *, queue: FairQueue, gate: SubmissionGate, interval: float) -> None:
        self._store = ports.store
        self._watcher = ports.watcher
        self._clock = ports.clock
        self._queue = queue
        self._gate = gate
        self._interval = interval
        self._waiting: dict[str, _Waiter] = {}
        self._held: set[str] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def acquire(self, job: Job) -> AsyncGenerator[None]:
        """Wait for a slot, and keep it while the job is about to be submitted."""
        waiter = _Waiter(job, PositionDisplay(self._watcher, job))
        self._waiting[job.id] = waiter
        self._changed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="slots")
        try:
            await waiter.granted
            yield
        finally:
            self._waiting.pop(job.id, None)
            self._held.discard(job.id)

    async def close(self) -> None:
        await cancel(self._task)

    async def _run(self) -> None:
        while self._waiting:
            self._changed.clear()
            try:
                await self._ask()
            except Exception as error:  # noqa: BLE001 - each job waits for the database in its own way.
                self._fail_all(error)
            if self._waiting:
                # Until the next time to ask, or until another job does.
                await first_of(self._clock.sleep(self._interval), self._changed.wait())

    async def _ask(self) -> None:
        asked = dict(self._waiting)
        now = self._clock.now()
        requests = [
            SlotRequest(waiter.job, self._queue.capacity_for(waiter.job), now - waiter.job.created_at)
            for waiter in asked.values()
        ]
        positions = await self._store.share_slots(requests, held=frozenset(self._held))
        for job_id, waiter in asked.items():
            if self._waiting.get(job_id) is not waiter:
                continue
            position = positions.get(job_id)
            if position:
                waiter.display.show(position, is_paused=self._gate.is_paused)
                continue
            del self._waiting[job_id]
            if position is None:
                waiter.granted.set_exception(StaleJob(job_id))
            else:
                self._held.add(job_id)
                waiter.granted.set_result(None)

    def _fail_all(self, error: Exception) -> None:
        while self._waiting:
            _, waiter = self._waiting.popitem()
            if not waiter.granted.done():
                waiter.granted.set_exception(error)
