"""A chore that is done again and again: whatever goes wrong with it is told, and the next time comes."""

from collections.abc import Awaitable, Callable

import structlog

from bot.clock import Clock

log = structlog.stdlib.get_logger(__name__)


async def run_periodically(
    look: Callable[[], Awaitable[object]],
    clock: Clock,
    every: float,
    error_message: str,
    *,
    initial_delay: float = 0.0,
) -> None:
    """The log says `error_message` when a round fails; the first one waits for `initial_delay`."""
    if initial_delay:
        await clock.sleep(initial_delay)
    while True:
        try:
            await look()
        except Exception:
            log.exception(error_message)
        await clock.sleep(every)
