"""Waits for the end of the sandbox: Ctrl-C, SIGTERM or the page's own button."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any


async def wait_until_stopped(end: Awaitable[Any]) -> None:
    """Wait for `end` or a signal, whichever comes first."""
    waiting = asyncio.ensure_future(end)
    with suppress(NotImplementedError):  # Windows has no SIGTERM; Ctrl-C cancels this task.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, waiting.cancel)
    with suppress(asyncio.CancelledError):
        await waiting
