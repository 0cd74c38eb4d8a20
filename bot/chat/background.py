"""Background tasks, so that a handler can answer Discord within its three seconds."""

import asyncio
import contextvars
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, cast

from bot.chat.text import current_language, speaking

SHUTDOWN_GRACE = 3.0


class Background:
    """Tasks that belong to the whole program, not to the handler that started them.

    They run in the context of the caller of `begin`. A simulated Discord keeps its clock and its bookkeeping
    in the handler's context, and a job outlives every handler. Each task takes only the language from its
    handler.
    """

    def __init__(self) -> None:
        self._context = contextvars.Context()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._handlers: set[asyncio.Task[Any]] = set()
        self.is_closed = False

    def begin(self) -> None:
        self._context = contextvars.copy_context()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start a task, or drop it if the program shuts down: nobody would wait for its end."""
        if self.is_closed:
            work.close()
            return
        # The context must already hold when the task is created: the simulated Discord looks there to see
        # which tasks a handler started.
        task = self._context.copy().run(_create_task, work, current_language())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextmanager
    def expected(self) -> Generator[None]:
        """Make the end wait for a handler that is about to start a task, or to say that it is too late."""
        handler = cast("asyncio.Task[Any]", asyncio.current_task())
        self._handlers.add(handler)
        try:
            yield
        finally:
            self._handlers.discard(handler)

    async def close(self) -> None:
        """Take no more tasks, cancel all, and wait for those that still have a short message to send."""
        self.is_closed = True
        # A task that has not begun could not send its message.
        await asyncio.sleep(0)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        tasks += self._handlers
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SHUTDOWN_GRACE)
            for task in late:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _create_task(work: Coroutine[Any, Any, Any], language: str) -> asyncio.Task[Any]:
    with speaking(language):
        return asyncio.create_task(work)
