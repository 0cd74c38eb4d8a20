"""The sandbox as a whole: real HTTP on both sides, a simulated Discord and the local Segmind."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.ledger.account import Member
from bot.sandbox.app import Wishes, World, open_world
from bot.sandbox.errors import SandboxError
from bot.sandbox.settings import CREDITS
from bot.sandbox.welcome import FACE, SCRIPTED, TARGET, samples
from bot.settings import Settings
from bot.store.backend.leases import lock_file
from tests.patience import PATIENCE
from tests.sandbox.visitor import AGREED, Visitor

Opening = Callable[..., AbstractAsyncContextManager[World]]
FILES = {path.name: path.read_bytes() for path in samples()}
START = CREDITS


def face_and_target(target: str = TARGET) -> dict[str, tuple[str, bytes]]:
    return {"source_image": (FACE, FILES[FACE]), "target_image": (target, FILES.get(target, FILES[TARGET]))}


@pytest.fixture
def opening(tmp_path: Path) -> Opening:
    """Opens a sandbox that keeps its things where this test's other ones do."""

    def world(
        *, port: int = 0, speed: float = 100.0, fresh: bool = False
    ) -> AbstractAsyncContextManager[World]:
        return open_world(AGREED, Wishes(port, speed, fresh=fresh, browser=False, folder=tmp_path))

    return world


@asynccontextmanager
async def visited(world: World) -> AsyncGenerator[Visitor]:
    async with aiohttp.ClientSession() as session:
        yield await Visitor.come(session, world.address)


async def free(world: World) -> int:
    member = Member(world.guild.member.id, world.guild.id)
    job_service = world.app.engine.job_service
    return (await job_service.balance(member, await job_service.terms(member))).free


async def test_the_first_message_names_every_command_and_shows_the_samples(
    opening: Opening, tmp_path: Path
) -> None:
    async with opening() as world, visited(world) as visitor:
        (welcome,) = await visitor.words()
        for slug in world.app.models:
            assert f"/{slug}" in welcome
        assert str(tmp_path / "samples") in welcome
        (message,) = world.guild.channel.history()
        assert {file.filename for file in message.attachments} == FILES.keys()
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {
        *FILES,
        *(f"{word}.jpg" for word in SCRIPTED),
    }


OWN = {"credits balance", "credits history", "credits prices", "face save", "face list", "jobs", "swap"}


async def test_a_member_and_an_administrator_find_their_commands(opening: Opening) -> None:
    async with opening() as world, visited(world) as visitor:
        found = await visitor.invocations()
        assert found > set(world.app.models) | OWN
        assert not any(each.startswith("admin ") for each in found)
        await visitor.switch("Ada (administrator)")
        assert await visitor.invocations() > found | {"admin refund", "admin spend"}


async def test_a_command_with_two_files_becomes_a_picture(opening: Opening) -> None:
    async with opening() as world, visited(world) as visitor:
        receipt = await visitor.run("faceswap-v5", face_and_target())
        assert not receipt["rejected"], receipt
        assert "Completed" in (await visitor.until("Completed"))[-1]
        last = world.guild.channel.last_message
        assert last is not None
        picture, before = last.attachments
        assert picture.content_type == "image/png"
        assert before.filename.startswith("before-")
        assert await free(world) == START - 5


async def test_the_first_order_asks_for_consent_and_goes_on_by_itself(tmp_path: Path) -> None:
    wishes = Wishes(0, 100.0, fresh=False, browser=False, folder=tmp_path)
    async with open_world(Settings(), wishes) as world, visited(world) as visitor:
        await visitor.run("faceswap-v5", face_and_target())
        assert "Before the first use" in (await visitor.words())[-1]
        receipt = await visitor.press("I agree")
        assert not receipt["rejected"], receipt
        assert "Completed" in (await visitor.until("Completed"))[-1]
        assert not any("Before the first use" in words for words in await visitor.words())


async def test_a_button_of_the_welcome_shows_a_command_at_work(opening: Opening) -> None:
    async with opening() as world, visited(world) as visitor:
        (message,) = world.guild.channel.history()
        async with world.turn:
            await world.guild.administrator.click(message, custom_id="show:faceswap-v5")
        await visitor.until("Completed")


async def test_clicks_on_a_page_that_jobs_keep_changing_are_not_lost(opening: Opening) -> None:
    async with opening(speed=20) as world, visited(world) as visitor:
        for _ in range(3):
            # The visitor still holds the page as it was when they came.
            receipt = await visitor.run("faceswap-v5", face_and_target())
            assert not receipt["rejected"], receipt
        async with asyncio.timeout(PATIENCE):
            while sum("Completed" in words for words in await visitor.words()) < 3:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize(("word", "shown"), [("fail", "Failed"), ("blocked", "Blocked")])
async def test_the_name_of_a_file_plays_a_part(opening: Opening, word: str, shown: str) -> None:
    async with opening() as world, visited(world) as visitor:
        await visitor.run("faceswap-v5", face_and_target(f"{word}.jpg"))
        await visitor.until(shown)
        assert await free(world) == START


async def test_credits_survive_a_restart_and_end_with_a_fresh_start(opening: Opening) -> None:
    async with opening() as world, visited(world) as visitor:
        await visitor.run("faceswap-v5", face_and_target())
        await visitor.until("Completed")
    async with opening() as world, visited(world) as visitor:
        assert await free(world) == START - 5
        # A Discord that was born a moment ago knows the commands, although they were told to an earlier one.
        found = await visitor.invocations()
        assert found > set(world.app.models) | OWN
        assert not any(each.startswith("admin ") for each in found)
    async with opening(fresh=True) as world:
        assert await free(world) == START


async def test_open_jobs_of_an_earlier_run_are_closed_in_silence(
    opening: Opening, caplog: pytest.LogCaptureFixture
) -> None:
    async with opening() as world, visited(world) as visitor:
        # The last one waits for as long as the first ones take.
        world.segmind.faults.next("submit", "stuck", "stuck")
        for state in ("Processing", "Processing", "Waiting in line"):
            await visitor.run("faceswap-v5", face_and_target())
            await visitor.until(state)
        assert await free(world) == START - 3 * 5
    with capture_logs() as said:
        async with opening() as world, asyncio.timeout(PATIENCE):
            while sum(entry["event"] == "job finished" for entry in said) < 3:
                await asyncio.sleep(0.05)
            assert await free(world) == START
            (welcome,) = world.guild.channel.history()
            assert welcome.attachments
    assert [entry for entry in said if entry["log_level"] not in {"debug", "info"}] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_port_in_use_is_said_in_one_sentence(opening: Opening) -> None:
    async with opening() as world:
        port = int(world.address.rpartition(":")[2])
        with pytest.raises(SandboxError, match=f"port {port} is in use"):
            async with opening(port=port):
                pass


@pytest.mark.parametrize("fresh", [False, True])
async def test_a_database_in_use_is_neither_shared_nor_forgotten(
    opening: Opening, tmp_path: Path, fresh: bool
) -> None:
    database = tmp_path / "sandbox.db"
    with lock_file(database):
        database.write_bytes(b"somebody else's")
        with pytest.raises(SandboxError, match="another process has"):
            async with opening(fresh=fresh):
                pass
        assert database.read_bytes() == b"somebody else's"


async def test_a_port_that_cannot_be_is_refused(opening: Opening) -> None:
    with pytest.raises(SandboxError, match="the port is 65536, but must be from 0 to 65535"):
        async with opening(port=65536):
            pass


async def test_an_odd_speed_is_refused(opening: Opening) -> None:
    with pytest.raises(SandboxError, match="the speed is 0, but must be from"):
        async with opening(speed=0):
            pass
