"""Lag of the event loop: how late it wakes a task that sleeps."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

EVERY = 1.0


@asynccontextmanager
async def measure_lag(on_lag: Callable[[float], None], *, every: float = EVERY) -> AsyncGenerator[None]:
    measuring = asyncio.create_task(_measure(on_lag, every), name="event loop lag")
    try:
        yield
    finally:
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring


async def _measure(on_lag: Callable[[float], None], every: float) -> None:
    # The loop's own clock rather than the bot's, because the loop is what is measured.
    now = asyncio.get_running_loop().time
    while True:
        due = now() + every
        await asyncio.sleep(every)
        on_lag(max(0.0, now() - due))
