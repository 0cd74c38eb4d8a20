"""Waits for something that another process or task does."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.patience import PATIENCE


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.01)
