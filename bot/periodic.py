"""Periodic tasks: an error is logged, and the next round comes."""

from collections.abc import Awaitable, Callable, Coroutine

import structlog

from bot.clock import Clock

log = structlog.stdlib.get_logger(__name__)

PeriodicTask = Callable[[], Coroutine[None, None, None]]

ONCE_SETTLED = 600.0
"""Initial delay, in seconds, of tasks that can wait while a bot that just started resumes its jobs."""


async def run_periodically(
    action: Callable[[], Awaitable[object]],
    clock: Clock,
    interval: float,
    error_message: str,
    *,
    initial_delay: float = 0.0,
) -> None:
    """Call `action` for ever, `interval` seconds apart; log `error_message` where it raises."""
    if initial_delay:
        await clock.sleep(initial_delay)
    while True:
        try:
            await action()
        except Exception:
            log.exception(error_message)
        await clock.sleep(interval)
