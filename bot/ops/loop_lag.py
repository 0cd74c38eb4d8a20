"""Lag of the event loop: how late it wakes a task that sleeps."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.tasks import running_task

EVERY = 1.0


def measure_lag(
    on_lag: Callable[[float], None], *, every: float = EVERY
) -> AbstractAsyncContextManager[object]:
    """Report the lag of the event loop while the block runs."""
    return running_task(_measure(on_lag, every), "event loop lag")


async def _measure(on_lag: Callable[[float], None], every: float) -> None:
    # The loop's own clock rather than the bot's, because the loop is what is measured.
    now = asyncio.get_running_loop().time
    while True:
        due = now() + every
        await asyncio.sleep(every)
        on_lag(max(0.0, now() - due))
