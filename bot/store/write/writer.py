"""One task writes for everybody: what is asked while a commit runs shares the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.store.errors import StoreUnavailable, as_store_error, is_outage
from bot.store.write.commands import Change, Move, Open, Outcome


@dataclass(slots=True, eq=False)
class _Asked:
    change: Change
    outcome: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def job_id(self) -> str | None:
        return self.change.job.id if isinstance(self.change, Open | Move) else None

    def answer(self, outcome: Outcome) -> None:
        if self.outcome.done():
            return
        if isinstance(outcome, Exception):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


class Writer:
    def __init__(
        self, transact: Callable[[Sequence[Change]], Awaitable[Sequence[Outcome]]], *, batch: int
    ) -> None:
        self._transact = transact
        self._batch = batch
        self._waiting: deque[_Asked] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="store writer")

    async def write(self, change: Change) -> Outcome:
        """Return once the change is durable; raise if it was refused."""
        if self._closing:
            raise StoreUnavailable("it is closed")
        asked = _Asked(change)
        self._waiting.append(asked)
        self._wake.set()
        return await asked.outcome

    async def close(self) -> None:
        """Write what was asked so far, then stop."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            self._wake.clear()
            if batch := self._next_batch():
                await self._commit(batch)
                # Whoever was just answered may ask for the next step, which then shares the next commit.
                await asyncio.sleep(0)
            elif not self._closing:
                await self._wake.wait()

    def _next_batch(self) -> list[_Asked]:
        batch: list[_Asked] = []
        held_over: list[_Asked] = []
        jobs: set[str] = set()
        while self._waiting and len(batch) < self._batch:
            asked = self._waiting.popleft()
            if asked.outcome.cancelled():
                continue
            # A second change of one job has to see what became of the first.
            if asked.job_id in jobs:
                held_over.append(asked)
                continue
            if asked.job_id is not None:
                jobs.add(asked.job_id)
            batch.append(asked)
        self._waiting.extendleft(reversed(held_over))
        return batch

    async def _commit(self, batch: Sequence[_Asked]) -> None:
        try:
            outcomes = await self._transact([asked.change for asked in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, the askers have to hear of it.
            if len(batch) == 1 or is_outage(error):
                for asked in batch:
                    asked.answer(as_store_error(error))
                return
            # One change was wrong and took the others with it: halving finds it in a few commits.
            middle = len(batch) // 2
            await self._commit(batch[:middle])
            await self._commit(batch[middle:])
            return
        for asked, outcome in zip(batch, outcomes, strict=True):
            asked.answer(outcome)
