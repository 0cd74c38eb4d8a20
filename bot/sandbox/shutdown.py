"""How the sandbox ends: by Ctrl-C, by a polite signal, or when the page says so."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any


async def stopped(end: Awaitable[Any]) -> None:
    """Wait for the end, or for a signal: both are how a server is meant to be closed."""
    waiting = asyncio.ensure_future(end)
    with suppress(NotImplementedError):  # Windows has no SIGTERM; Ctrl-C cancels the task that waits here.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, waiting.cancel)
    with suppress(asyncio.CancelledError):
        await waiting
