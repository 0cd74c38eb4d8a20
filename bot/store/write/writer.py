"""The single writer of a process: changes that arrive during a commit share the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.jobs.ports import StoreUnavailable
from bot.store.errors import as_store_error, is_outage
from bot.store.write.commands import Change, Move, Open, Outcome


@dataclass(slots=True, eq=False)
class _PendingChange:
    change: Change
    outcome: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def job_ids(self) -> set[str]:
        match self.change:
            case Open(opened):
                return {job.id for job in opened}
            case Move(job):
                return {job.id}
            case _:
                return set()

    def resolve(self, outcome: Outcome) -> None:
        if self.outcome.done():
            return
        if isinstance(outcome, Exception):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


class Writer:
    """Task that commits changes in batches, at most one change of each job per batch."""

    def __init__(
        self, transact: Callable[[Sequence[Change]], Awaitable[Sequence[Outcome]]], *, batch: int
    ) -> None:
        self._transact = transact
        self._batch = batch
        self._pending: deque[_PendingChange] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, change: Change) -> Outcome:
        """Return once the change is durable, or raise if nothing of it was written."""
        if self._closing:
            raise StoreUnavailable("it is closed")
        pending = _PendingChange(change)
        self._pending.append(pending)
        self._wake.set()
        return await pending.outcome

    async def close(self) -> None:
        """Write the pending changes, then stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while self._pending or not self._closing:
            self._wake.clear()
            if batch := self._next_batch():
                await self._commit(batch)
                # Callers that just got their answer may ask for the next step, which shares the next commit.
                await asyncio.sleep(0)
            elif not self._closing:
                await self._wake.wait()

    def _next_batch(self) -> list[_PendingChange]:
        batch: list[_PendingChange] = []
        postponed: list[_PendingChange] = []
        jobs: set[str] = set()
        while self._pending and len(batch) < self._batch:
            pending = self._pending.popleft()
            if pending.outcome.cancelled():
                continue
            # The second change of a job depends on the outcome of the first.
            if pending.job_ids & jobs:
                postponed.append(pending)
                continue
            jobs |= pending.job_ids
            batch.append(pending)
        self._pending.extendleft(reversed(postponed))
        return batch

    async def _commit(self, batch: Sequence[_PendingChange]) -> None:
        try:
            outcomes = await self._transact([pending.change for pending in batch])
        except Exception as error:  # noqa: BLE001 - every kind of error has to reach the callers.
            if len(batch) == 1 or is_outage(error):
                for pending in batch:
                    pending.resolve(as_store_error(error))
                return
            # One faulty change failed the whole transaction. Halving the batch finds it in a few commits.
            middle = len(batch) // 2
            await self._commit(batch[:middle])
            await self._commit(batch[middle:])
            return
        for pending, outcome in zip(batch, outcomes, strict=True):
            pending.resolve(outcome)
