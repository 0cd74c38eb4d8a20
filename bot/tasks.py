"""Waiting for tasks, and ending them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


async def first_of(*awaitables: Awaitable[object]) -> None:
    """Wait until one of these has ended, such as an event or a sleep, and cancel the others.

    Raises the error of the one that has ended.
    """
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in ended:
        task.result()


async def cancel(*tasks: asyncio.Future[Any] | None) -> None:
    """Cancel what still runs of these, and wait until all have ended; their errors are dropped."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def running_task(work: Coroutine[Any, Any, T], name: str) -> AsyncGenerator[asyncio.Task[T]]:
    """Run `work` as a task for as long as the block."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        await cancel(task)
