"""A chore that is done again and again: whatever goes wrong with it is told, and the next time comes."""

from collections.abc import Awaitable, Callable

import structlog

from bot.clock import Clock

log = structlog.stdlib.get_logger(__name__)


async def rounds(
    look: Callable[[], Awaitable[object]], clock: Clock, every: float, trouble: str, *, first: float = 0.0
) -> None:
    """`trouble` is what the log says when it fails; `first` is how long it has time for the first time."""
    if first:
        await clock.sleep(first)
    while True:
        try:
            await look()
        except Exception:
            log.exception(trouble)
        await clock.sleep(every)
