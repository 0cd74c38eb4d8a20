"""The whole sandbox: real HTTP on both sides, a simulated Discord and the local Segmind."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.ledger.account import Member
from bot.sandbox.app import Sandbox, SandboxOptions, open_sandbox
from bot.sandbox.errors import SandboxError
from bot.sandbox.settings import CREDITS
from bot.sandbox.welcome import OUTCOMES_BY_NAME, samples
from bot.settings import Settings
from bot.store.backend.leases import lock_file
from tests.harness import shared_workers
from tests.patience import PATIENCE
from tests.sandbox.photos import face_and_target
from tests.sandbox.visitor import AGREED, Visitor
from tests.wording import wording

OpenSandbox = Callable[..., AbstractAsyncContextManager[Sandbox]]
FILES = {path.name: path.read_bytes() for path in samples()}
START = CREDITS


@pytest.fixture
def open_here(tmp_path: Path) -> OpenSandbox:
    """Opens a sandbox in this test's folder."""

    def open_with(
        *, port: int = 0, speed: float = 100.0, fresh: bool = False
    ) -> AbstractAsyncContextManager[Sandbox]:
        return open_sandbox(
            AGREED,
            SandboxOptions(port, speed, fresh=fresh, browser=False, folder=tmp_path),
            workers=shared_workers(),
        )

    return open_with


@asynccontextmanager
async def visited(sandbox: Sandbox) -> AsyncGenerator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield await Visitor.open(session, sandbox.address)


async def free(sandbox: Sandbox) -> int:
    member = Member(sandbox.guild.member.id, sandbox.guild.id)
    job_service = sandbox.app.engine.job_service
    return (await job_service.balance(member, await job_service.terms(member))).free


async def test_the_first_message_names_every_command_and_shows_the_samples(
    open_here: OpenSandbox, tmp_path: Path
) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        (welcome,) = await visitor.words()
        for slug in sandbox.app.models:
            assert f"/{slug}" in welcome
        assert str(tmp_path / "samples") in welcome
        (message,) = sandbox.guild.channel.history()
        assert {file.filename for file in message.attachments} == FILES.keys()
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {
        *FILES,
        *(f"{word}.jpg" for word in OUTCOMES_BY_NAME),
    }


OWN = {"credits balance", "credits history", "credits prices", "face save", "face list", "jobs", "swap"}


async def test_a_member_and_an_administrator_find_their_commands(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        found = await visitor.invocations()
        assert found > set(sandbox.app.models) | OWN
        assert not any(each.startswith("admin ") for each in found)
        await visitor.switch("Ada (administrator)")
        assert await visitor.invocations() > found | {"admin refund", "admin spend"}


async def test_a_command_with_two_files_becomes_a_picture(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        receipt = await visitor.run("faceswap-v5", face_and_target())
        assert not receipt["rejected"], receipt
        assert "Completed" in (await visitor.until("Completed"))[-1]
        last = sandbox.guild.channel.last_message
        assert last is not None
        picture, before = last.attachments
        assert picture.content_type == "image/png"
        assert before.filename.startswith("before-")
        assert await free(sandbox) == START - 5


async def test_the_first_order_asks_for_consent_and_goes_on_by_itself(tmp_path: Path) -> None:
    options = SandboxOptions(0, 100.0, fresh=False, browser=False, folder=tmp_path)
    async with (
        open_sandbox(Settings(), options, workers=shared_workers()) as sandbox,
        visited(sandbox) as visitor,
    ):
        await visitor.run("faceswap-v5", face_and_target())
        assert wording("consent.title") in (await visitor.words())[-1]
        receipt = await visitor.press("I agree")
        assert not receipt["rejected"], receipt
        assert "Completed" in (await visitor.until("Completed"))[-1]
        assert not any(wording("consent.title") in words for words in await visitor.words())


async def test_a_button_of_the_welcome_shows_a_command_at_work(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        (message,) = sandbox.guild.channel.history()
        async with sandbox.lock:
            await sandbox.guild.administrator.click(message, custom_id="show:faceswap-v5")
        await visitor.until("Completed")


async def test_a_button_of_the_welcome_makes_a_group_of_separate_photos(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        (message,) = sandbox.guild.channel.history()
        async with sandbox.lock:
            await sandbox.guild.member.click(message, custom_id="show:group")
        assert "source_faces_index `0,1,2,3`" in (await visitor.until("Completed"))[-1]
        assert await free(sandbox) == START - 1


async def test_a_button_of_the_welcome_places_a_batch(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        (message,) = sandbox.guild.channel.history()
        async with sandbox.lock:
            await sandbox.guild.member.click(message, custom_id="show:batch")
        await visitor.until("3 of 3 done")
        assert await free(sandbox) == START - 3 * 5


async def test_clicks_on_a_page_that_jobs_keep_changing_are_not_lost(open_here: OpenSandbox) -> None:
    async with open_here(speed=20) as sandbox, visited(sandbox) as visitor:
        for _ in range(3):
            # The visitor still acts on the page as it was at the start.
            receipt = await visitor.run("faceswap-v5", face_and_target())
            assert not receipt["rejected"], receipt
        await visitor.until_anywhere("Completed", times=3)


@pytest.mark.parametrize(("word", "shown"), [("fail", "Failed"), ("blocked", "Blocked")])
async def test_the_name_of_a_file_scripts_the_outcome(open_here: OpenSandbox, word: str, shown: str) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        await visitor.run("faceswap-v5", face_and_target(f"{word}.jpg"))
        await visitor.until(shown)
        assert await free(sandbox) == START


async def test_credits_survive_a_restart_and_end_with_a_fresh_start(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        await visitor.run("faceswap-v5", face_and_target())
        await visitor.until("Completed")
    async with open_here() as sandbox, visited(sandbox) as visitor:
        assert await free(sandbox) == START - 5
        # A new simulated Discord gets the commands, although an earlier one had them already.
        found = await visitor.invocations()
        assert found > set(sandbox.app.models) | OWN
        assert not any(each.startswith("admin ") for each in found)
    async with open_here(fresh=True) as sandbox:
        assert await free(sandbox) == START


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
            assert await free(sandbox) == START - 3 * 5
            assert await after[0].attachments[0].read() == FILES[after[0].attachments[0].filename]
    assert [entry for entry in entries if entry["log_level"] not in {"debug", "info"}] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_result_survives_restarts_and_its_buttons_still_work(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox, visited(sandbox) as visitor:
        await visitor.run("faceswap-v5", face_and_target())
        await visitor.until("Completed")
    async with open_here():
        # What one run restored, the next one restores again.
        pass
    async with open_here() as sandbox, visited(sandbox) as visitor:
        (welcome, result) = sandbox.guild.channel.history()
        assert (await result.attachments[0].read()).startswith(b"\x89PNG")
        async with sandbox.lock:
            await sandbox.guild.member.click(welcome, custom_id="show:faceswap-v5")
        await visitor.until("Completed")
        assert len(sandbox.guild.channel.history()) == 3
    async with open_here(fresh=True) as sandbox:
        assert len(sandbox.guild.channel.history()) == 1


async def test_a_chat_of_another_version_is_left_behind(open_here: OpenSandbox, tmp_path: Path) -> None:
    for name in ("discord", "segmind"):
        folder = tmp_path / f"sandbox-{name}"
        folder.mkdir()
        (folder / "memory.json").write_text('{"unknown": 1}')
    async with open_here() as sandbox:
        (welcome,) = sandbox.guild.channel.history()
        assert welcome.attachments


async def test_a_port_in_use_is_an_error_of_one_sentence(open_here: OpenSandbox) -> None:
    async with open_here() as sandbox:
        port = int(sandbox.address.rpartition(":")[2])
        with pytest.raises(SandboxError, match=f"port {port} is in use"):
            async with open_here(port=port):
                pass


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


async def test_an_invalid_port_is_rejected(open_here: OpenSandbox) -> None:
    with pytest.raises(SandboxError, match="the port is 65536, but must be from 0 to 65535"):
        async with open_here(port=65536):
            pass


async def test_an_invalid_speed_is_rejected(open_here: OpenSandbox) -> None:
    with pytest.raises(SandboxError, match="the speed is 0, but must be from"):
        async with open_here(speed=0):
            pass
