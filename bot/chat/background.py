"""Work that a handler hands over, so that it can answer Discord within its three seconds."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any

from bot.chat.text import speaking, spoken

SHUTDOWN_GRACE = 3.0


class Background:
    """Tasks that belong to the whole program, not to the handler that started them.

    They run in the context of whoever called `begin`. A simulated Discord keeps its clock and its bookkeeping
    in the handler's context, and a job lasts longer than any handler. Only its language
    goes with them.
    """

    def __init__(self) -> None:
        self._context = contextvars.Context()
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self) -> None:
        self._context = contextvars.copy_context()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        # Made inside the context, not only run in it: whoever keeps a list of a handler's tasks looks there.
        task = self._context.copy().run(_begun, work, spoken())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Whoever is cancelled may still say a last word, if it does not take long."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SHUTDOWN_GRACE)
            for task in late:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _begun(work: Coroutine[Any, Any, Any], language: str) -> asyncio.Task[Any]:
    with speaking(language):
        return asyncio.create_task(work)
