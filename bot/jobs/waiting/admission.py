"""Admission: a job's way through the queue, and the capacity that it uses afterwards."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.jobs.job import Job, State
from bot.jobs.ports import UNKNOWN_CAPACITY_SECONDS, JobPorts
from bot.jobs.waiting.position import PositionDisplay
from bot.jobs.waiting.queue import FairQueue, QueueEntry
from bot.jobs.waiting.submission_gate import SubmissionGate

# Positions up to this one are refreshed at the full pace; later ones up to this many times less often.
_FRONT, _MAX_SLOWDOWN = 10, 12


def interval_at(position: int, interval: float) -> float:
    """Seconds between updates. Those far back say little, and would use up Discord's rate limits."""
    return interval * min(_MAX_SLOWDOWN, max(1.0, position / _FRONT))


class Admission:
    """A job's place among the jobs in flight."""

    def __init__(self, queue: FairQueue, entry: QueueEntry | None) -> None:
        self._queue = queue
        self._entry = entry

    def free(self) -> None:
        if self._entry is not None:
            self._queue.leave(self._entry)
            self._entry = None

    def use(self, job: Job) -> None:
        """Use capacity again, where it was freed: the job runs at Segmind, whatever the limits say."""
        if self._entry is None:
            self._entry = self._queue.enter_running(job)


class Admissions:
    """Lets jobs wait in the queue, and shows their members the position."""

    def __init__(
        self, ports: JobPorts, *, queue: FairQueue, gate: SubmissionGate, position_interval: float
    ) -> None:
        """`position_interval`: seconds between two updates of a position near the front of the queue."""
        self._watcher = ports.watcher
        self._clock = ports.clock
        self._queue = queue
        self._gate = gate
        self._interval = position_interval

    @asynccontextmanager
    async def admitted(self, job: Job) -> AsyncGenerator[Admission]:
        """Wait in the queue, and use capacity until Segmind is done with the job."""
        if job.state.settled or job.state is State.READY:
            yield Admission(self._queue, None)
            return
        entry = self._queue.enter(job) if job.state is State.HELD else self._queue.enter_running(job)
        admission = Admission(self._queue, entry)
        try:
            await self._wait(job, entry)
            yield admission
        finally:
            admission.free()

    @asynccontextmanager
    async def while_unknown(self, job: Job, admission: Admission) -> AsyncGenerator[None]:
        """Free the capacity of a job of unknown outcome some time after its submission.

        Otherwise a few dozen hung requests would stop all orders for as long as the history is searched.
        """
        until = (job.submitted_at or job.created_at) + UNKNOWN_CAPACITY_SECONDS
        freeing = asyncio.create_task(self._free_at(until, admission))
        try:
            yield
        finally:
            freeing.cancel()

    async def _free_at(self, time: float, admission: Admission) -> None:
        await self._clock.sleep(max(0.0, time - self._clock.now()))
        admission.free()

    async def _wait(self, job: Job, entry: QueueEntry) -> None:
        display = PositionDisplay(self._watcher, job)
        while not (entry.is_admitted or self._gate.rejects_orders):
            position = self._queue.position(entry)
            display.show(position, is_paused=self._gate.is_paused)
            await entry.wait(interval_at(position, self._interval))
