"""Simulated workers: which requests wait, which run and what is due when.

A waiting request is an entry in a heap and not a task, so thousands may be open. The scheduler advances when
something is due and on every call to the server, so a test that moves its clock need not wait for a sleep.
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
from bot.tasks import cancel, first_of

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendering, with its length if it is a video."""

    rendering: Rendering
    video_seconds: float | None


Outcome = Rendered | CannotRender
Render = Callable[[Inference], Coroutine[Any, Any, Outcome]]
OnFinished = Callable[[Inference, Outcome, float, float], None]


@dataclass(eq=False, slots=True)
class _Run:
    """A request on a worker; it ends when its planned time is over and its rendering is done."""

    inference: Inference
    started_at: float
    task: asyncio.Task[Outcome]
    due_at: float | None = None
    rendered_at: float | None = None


@dataclass(order=True, slots=True)
class _Due:
    """Entry of the heap: a request and the time of its next step."""

    at: float
    sequence: int
    inference: Inference = field(compare=False)


class Scheduler:
    """Runs requests on a limited number of workers.

    `render` produces the outcome of a request; `on_finished` receives it with the start and end times.
    """

    def __init__(
        self, *, workers: int, clock: Clock, sleep: Sleep, render: Render, on_finished: OnFinished
    ) -> None:
        self._free = workers
        self._clock = clock
        self._sleep = sleep
        self._render = render
        self._on_finished = on_finished
        self._sequence = count()
        self._due: list[_Due] = []
        self._queue: deque[Inference] = deque()
        self._runs: dict[Inference, _Run] = {}
        self._rescheduled = asyncio.Event()

    def add(self, inference: Inference) -> None:
        self._schedule(inference.submitted_at + inference.plan.queue, inference)

    def advance(self) -> None:
        """Take every step that is due."""
        now = self._clock()
        while self._due and self._due[0].at <= now:
            due = heapq.heappop(self._due)
            if isinstance(due.inference.state, Queued):
                self._start_or_queue(due.inference, due.at)
            else:
                run = self._runs[due.inference]
                run.due_at = due.at
                self._finish_if_over(run)

    async def run(self) -> None:
        """Advance forever, whenever something is due."""
        while True:
            self.advance()
            self._rescheduled.clear()
            if self._due:
                seconds = max(0.0, self._due[0].at - self._clock())
                await first_of(self._rescheduled.wait(), self._sleep(seconds))
            else:
                await self._rescheduled.wait()

    async def close(self) -> None:
        """Cancel everything that runs or waits."""
        self._due.clear()
        self._queue.clear()
        tasks = [run.task for run in self._runs.values()]
        self._runs.clear()
        await cancel(*tasks)

    def _schedule(self, at: float, inference: Inference) -> None:
        heapq.heappush(self._due, _Due(at, next(self._sequence), inference))
        if self._due[0].inference is inference:
            self._rescheduled.set()

    def _start_or_queue(self, inference: Inference, at: float) -> None:
        if inference.plan.stuck:
            # A stuck request occupies no worker, because it would block all others forever.
            inference.state = Processing(at)
        elif self._free:
            self._start(inference, at)
        else:
            self._queue.append(inference)

    def _start(self, inference: Inference, at: float) -> None:
        self._free -= 1
        inference.state = Processing(at)
        run = _Run(inference, at, asyncio.ensure_future(self._render(inference)))
        self._runs[inference] = run
        run.task.add_done_callback(lambda _: self._rendered(run))
        self._schedule(at + inference.plan.run, inference)

    def _rendered(self, run: _Run) -> None:
        run.rendered_at = self._clock()
        self._finish_if_over(run)

    def _finish_if_over(self, run: _Run) -> None:
        if run.due_at is None or run.rendered_at is None or self._runs.pop(run.inference, None) is None:
            return
        until = max(run.due_at, run.rendered_at)
        self._free += 1
        # A closing engine cancels its open renderings.
        stopped = run.task.cancelled()
        outcome = CannotRender("The worker stopped.") if stopped else run.task.result()
        self._on_finished(run.inference, outcome, run.started_at, until)
        if self._queue:
            self._start(self._queue.popleft(), until)
