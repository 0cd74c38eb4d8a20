"""How late the event loop is: whoever sleeps is woken by it, as soon as it gets to that."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

EVERY = 1.0


@asynccontextmanager
async def lag_measured(noted: Callable[[float], None], *, every: float = EVERY) -> AsyncGenerator[None]:
    measuring = asyncio.create_task(_measure(noted, every), name="event loop lag")
    try:
        yield
    finally:
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring


async def _measure(noted: Callable[[float], None], every: float) -> None:
    # The loop's own clock and no other: it is the loop that is measured.
    now = asyncio.get_running_loop().time
    while True:
        due = now() + every
        await asyncio.sleep(every)
        noted(max(0.0, now() - due))
