"""The simulated workers: who is queued, who runs, and what is due when.

Waiting costs an entry in a heap and no task, so thousands of requests may be under way. The heap is looked at
when something is due, and on every call to the server: a test that moves its clock need not wait for a sleep.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.sandbox.segmind.engine import CannotRender, Rendering
from bot.sandbox.segmind.requests import Inference, Processing, Queued

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Made:
    """A rendering, and how long it plays if it is a video."""

    rendering: Rendering
    plays: float | None


Outcome = Made | CannotRender
Perform = Callable[[Inference], Coroutine[Any, Any, Outcome]]
Conclude = Callable[[Inference, Outcome, float, float], None]


@dataclass(eq=False, slots=True)
class _Run:
    """A request on a worker: over when its time is, and its work too."""

    inference: Inference
    since: float
    task: asyncio.Task[Outcome]
    ripe_at: float | None = None
    done_at: float | None = None


@dataclass(order=True, slots=True)
class _Due:
    at: float
    turn: int
    inference: Inference = field(compare=False)


class Works:
    """`perform` does the work of a request; `conclude` is told its outcome, its beginning and its end."""

    def __init__(
        self, *, workers: int, clock: Clock, sleep: Sleep, perform: Perform, conclude: Conclude
    ) -> None:
        self._free = workers
        self._clock = clock
        self._sleep = sleep
        self._perform = perform
        self._conclude = conclude
        self._turns = count()
        self._due: list[_Due] = []
        self._line: deque[Inference] = deque()
        self._runs: dict[Inference, _Run] = {}
        self._sooner = asyncio.Event()

    def take(self, inference: Inference) -> None:
        self._schedule(inference.submitted_at + inference.plan.queue, inference)

    def catch_up(self) -> None:
        """Let everything happen that is due by now."""
        now = self._clock()
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            if isinstance(due.inference.state, Queued):
                self._call_up(due.inference, due.at)
            else:
                run = self._runs[due.inference]
                run.ripe_at = due.at
                self._conclude_if_over(run)

    async def run(self) -> None:
        """Catch up for ever."""
        while True:
            self.catch_up()
            self._sooner.clear()
            waits = [asyncio.ensure_future(self._sooner.wait())]
            if self._due:
                waits.append(asyncio.ensure_future(self._pause(self._due[0].at - self._clock())))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    async def close(self) -> None:
        """Give up what is under way."""
        self._due.clear()
        self._line.clear()
        tasks = [run.task for run in self._runs.values()]
        self._runs.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pause(self, seconds: float) -> Any:
        await self._sleep(max(0.0, seconds))

    def _schedule(self, at: float, inference: Inference) -> None:
        heapq.heappush(self._due, _Due(at, next(self._turns), inference))
        if self._due[0].inference is inference:
            self._sooner.set()

    def _call_up(self, inference: Inference, at: float) -> None:
        if inference.plan.stuck:
            # It holds no worker: one that never ends would stop the others too.
            inference.state = Processing(at)
        elif self._free:
            self._begin(inference, at)
        else:
            self._line.append(inference)

    def _begin(self, inference: Inference, at: float) -> None:
        self._free -= 1
        inference.state = Processing(at)
        run = _Run(inference, at, asyncio.ensure_future(self._perform(inference)))
        self._runs[inference] = run
        run.task.add_done_callback(lambda _: self._work_is_done(run))
        self._schedule(at + inference.plan.run, inference)

    def _work_is_done(self, run: _Run) -> None:
        run.done_at = self._clock()
        self._conclude_if_over(run)

    def _conclude_if_over(self, run: _Run) -> None:
        if run.ripe_at is None or run.done_at is None or self._runs.pop(run.inference, None) is None:
            return
        until = max(run.ripe_at, run.done_at)
        self._free += 1
        # An engine that is closed cancels what it was asked for.
        stopped = run.task.cancelled()
        outcome = CannotRender("The worker stopped.") if stopped else run.task.result()
        self._conclude(run.inference, outcome, run.since, until)
        if self._line:
            self._begin(self._line.popleft(), until)
