"""One open sandbox for all tests of a module that use it, and a page of its own for each test."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.sandbox.app import Sandbox, SandboxOptions, open_sandbox
from tests.harness import shared_workers
from tests.sandbox.visitor import AGREED, Visitor

# Slow enough that a job changes the page several times.
SPEED = 20.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the module's sandbox."""
    return tmp_path_factory.mktemp("sandbox")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(folder: Path) -> AsyncGenerator[Sandbox]:
    options = SandboxOptions(0, SPEED, browser=False, folder=folder)
    opened: asyncio.Future[Sandbox] = asyncio.get_running_loop().create_future()
    left = asyncio.Event()

    async def keep_open() -> None:
        async with open_sandbox(AGREED, options, workers=shared_workers()) as sandbox:
            opened.set_result(sandbox)
            await left.wait()

    # One task, because SimCord's clock must be left in the context in which it was entered.
    keeper = asyncio.create_task(keep_open())
    await asyncio.wait((keeper, opened), return_when=asyncio.FIRST_COMPLETED)
    if not opened.done():
        await keeper
    yield opened.result()
    left.set()
    await keeper


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(sandbox: Sandbox) -> AsyncGenerator[Visitor]:
    async with aiohttp.ClientSession() as session:
        # Other tests of the module have left their messages.
        opened = await Visitor.open(session, sandbox.address, read_earlier=False)
        yield opened
        await opened.leave()
