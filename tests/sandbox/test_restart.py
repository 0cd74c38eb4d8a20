"""The sandbox between two runs: what it keeps, and what it starts with."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.sandbox.app import Sandbox, SandboxOptions, open_sandbox
from bot.sandbox.errors import SandboxError
from bot.sandbox.settings import CREDITS
from bot.sandbox.welcome import samples
from bot.settings import Settings
from bot.store.backend.leases import lock_file
from tests.harness import shared_workers
from tests.patience import PATIENCE
from tests.sandbox.photos import face_and_target
from tests.sandbox.test_app import COMMANDS, free
from tests.sandbox.visitor import AGREED, Visitor
from tests.wording import wording

OpenSandbox = Callable[..., AbstractAsyncContextManager[Sandbox]]
FILES = {path.name: path.read_bytes() for path in samples()}


@pytest.fixture
def open_here(tmp_path: Path) -> OpenSandbox:
    """Opens a sandbox in this test's folder."""

    def open_with(
        settings: Settings = AGREED, *, speed: float = 100.0, fresh: bool = False
    ) -> AbstractAsyncContextManager[Sandbox]:
        options = SandboxOptions(0, speed, fresh=fresh, browser=False, folder=tmp_path)
        return open_sandbox(settings, options, workers=shared_workers())

    return open_with


@asynccontextmanager
async def visited(sandbox: Sandbox) -> AsyncGenerator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield await Visitor.open(session, sandbox.address)


async def test_the_first_order_asks_for_consent_and_goes_on_by_itself(open_here: OpenSandbox) -> None:
    async with open_here(Settings()) as sandbox, visited(sandbox) as visitor:
        await visitor.run("faceswap-v5", face_and_target("fail.jpg"))
        assert wording("consent.title") in (await visitor.words())[-1]
        receipt = await visitor.press("I agree")
        assert not receipt["rejected"], receipt
        await visitor.until("Failed")
        assert not any(wording("consent.title") in words for words in await visitor.words())


async def test_credits_and_a_result_survive_restarts_and_end_with_a_fresh_start(
    open_here: OpenSandbox,
) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        await visitor.run("faceswap-v5", face_and_target())
        await visitor.until("Completed")
    async with open_here() as sandbox, visited(sandbox) as visitor:
        assert await free(sandbox) == CREDITS - 5
        # A new simulated Discord gets the commands, although an earlier one had them already.
        found = await visitor.invocations()
        assert found > set(sandbox.app.models) | COMMANDS
        assert not any(each.startswith("admin ") for each in found)
    # What one run restored, the next one restores again.
    async with open_here() as sandbox, visited(sandbox) as visitor:
        (welcome, result) = sandbox.guild.channel.history()
        assert (await result.attachments[0].read()).startswith(b"\x89PNG")
        async with sandbox.lock:
            await sandbox.guild.administrator.click(welcome, custom_id="show:faceswap-v5")
        await visitor.until("Completed")
        assert len(sandbox.guild.channel.history()) == 3
    async with open_here(fresh=True) as sandbox:
        assert len(sandbox.guild.channel.history()) == 1
        assert await free(sandbox) == CREDITS


async def test_the_chat_and_the_open_jobs_survive_a_restart(
    open_here: OpenSandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_here(speed=5) as sandbox, visited(sandbox) as visitor:
        # The last job waits while the first two are stuck.
        sandbox.segmind.faults.next("submit", "stuck", times=2)
        for state in ("Processing", "Processing", "Waiting in line"):
            await visitor.run("faceswap-v5", face_and_target())
            await visitor.until(state)
        before = sandbox.guild.channel.history()
    segmind = tmp_path / "sandbox-segmind" / "memory.json"
    segmind.write_text(segmind.read_text().replace('"stuck":true', '"stuck":false'))
    with capture_logs() as entries:
        async with open_here(speed=5) as sandbox, asyncio.timeout(PATIENCE):
            while sum(entry["event"] == "job finished" for entry in entries) < 3:
                await asyncio.sleep(0.2)
            async with visited(sandbox) as visitor:
                await visitor.until_anywhere("Completed", times=3)
            # The same messages, each edited into its result.
            after = sandbox.guild.channel.history()
            assert [message.id for message in after] == [message.id for message in before]
            assert await free(sandbox) == CREDITS - 3 * 5
            assert await after[0].attachments[0].read() == FILES[after[0].attachments[0].filename]
    assert [entry for entry in entries if entry["log_level"] not in {"debug", "info"}] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_chat_of_another_version_is_left_behind(open_here: OpenSandbox, tmp_path: Path) -> None:
    for name in ("discord", "segmind"):
        folder = tmp_path / f"sandbox-{name}"
        folder.mkdir()
        (folder / "memory.json").write_text('{"unknown": 1}')
    async with open_here() as sandbox:
        (welcome,) = sandbox.guild.channel.history()
        assert welcome.attachments


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_database_in_use_is_neither_shared_nor_deleted(
    open_here: OpenSandbox, tmp_path: Path, fresh: bool
) -> None:
    database = tmp_path / "sandbox.db"
    with lock_file(database):
        database.write_bytes(b"somebody else's")
        with pytest.raises(SandboxError, match="another process has"):
            async with open_here(fresh=fresh):
                pass
        assert database.read_bytes() == b"somebody else's"
