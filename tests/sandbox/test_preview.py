"""Additions of our preview to SimCord's: channels, direct messages, and the menus of messages and members."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bot.sandbox.app import Sandbox, SandboxOptions, open_sandbox
from tests.harness import shared_workers
from tests.patience import PATIENCE
from tests.sandbox.photos import face_and_target
from tests.sandbox.visitor import AGREED, Visitor

ROBIN, ADA, MIKA = "Robin", "Ada (administrator)", "Mika (moderator)"


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncGenerator[tuple[Sandbox, Visitor]]:
    options = SandboxOptions(0, 100.0, browser=False, folder=tmp_path)
    async with (
        open_sandbox(AGREED, options, workers=shared_workers()) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        yield sandbox, await Visitor.open(session, sandbox.address)


async def test_each_person_finds_the_channels_that_they_may_see(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        assert await visitor.channels() == ["faceswap", "pictures", "news"]
        await visitor.open_channel("news")
        state = await visitor.state()
        assert (state["channel"]["name"], state["channel"]["canSendMessages"]) == ("news", False)
        assert await visitor.invocations() == set()
        # The address of a hidden channel leads to the first one.
        await visitor.open_channel_by_id(sandbox.guild.moderators.id)
        assert (await visitor.state())["channel"]["name"] == "faceswap"
        await visitor.switch(MIKA)
        assert await visitor.channels() == ["faceswap", "pictures", "news", "moderators"]
        await visitor.open_channel("moderators")
        # A person who may not see the open channel comes back to the first one.
        await visitor.switch(ROBIN)
        assert (await visitor.state())["channel"]["name"] == "faceswap"


async def test_commands_run_in_the_open_channel(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        await visitor.switch(ADA)
        await visitor.open_channel("news")
        await visitor.run("faceswap-v5", face_and_target())
        assert "Completed" in (await visitor.until("Completed"))[-1]
        assert len(sandbox.guild.news.history()) == 1
        assert len(sandbox.guild.channel.history()) == 1


async def test_the_menu_of_a_message_opens_the_form_with_its_picture(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        (posted,) = sandbox.guild.pictures.history()
        await visitor.open_channel("pictures")
        receipt = await visitor.use("Swap a face into this", message=posted.id)
        assert (receipt["settlement"], receipt["rejected"]) == ("settled", False), receipt
        receipt = await visitor.upload(face_and_target()["source_image"], path="fast", which=["0"])
        assert not receipt["rejected"], receipt
        assert "Completed" in (await visitor.until("Completed"))[-1]


async def test_the_menu_of_a_member_answers_privately_and_a_refusal_is_no_failure(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        receipt = await visitor.use("Swap with this member", user=sandbox.guild.administrator.id)
        assert (receipt["settlement"], receipt["uncertain"]) == ("settled", False), receipt
        assert len(await visitor.words()) == 2
        await visitor.switch(ADA)
        assert len(await visitor.words()) == 1


async def test_a_menu_of_something_that_is_not_there_is_rejected(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, visitor):
        for kind in ("message", "user", "role"):
            receipt = await visitor.use_id("1", "Swap a face into this", {kind: "1"})
            assert receipt["rejected"], receipt


async def test_direct_messages_are_a_channel_of_their_member(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        async with sandbox.lock:
            user = await sandbox.app.client.fetch_user(sandbox.guild.member.id)
            await user.send("Your avatar was used")
        await visitor.open_channel("Doppel")
        state = await visitor.state()
        assert state["channel"]["type"] == 1
        assert [each["content"] for each in state["messages"].values()] == ["Your avatar was used"]
        assert state["server"]["menus"] == {"message": [], "user": []}
        await visitor.run("help", {})
        assert len((await visitor.state())["messages"]) == 2
        await visitor.switch(ADA)
        assert await visitor.channels() == ["faceswap", "pictures", "news", "moderators"]


async def test_a_member_who_shares_their_avatar_lends_their_face(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        await visitor.switch(ADA)
        await visitor.run("privacy avatar on", {})
        await visitor.switch(ROBIN)
        await visitor.use("Swap with this member", user=sandbox.guild.administrator.id)
        receipt = await visitor.upload(face_and_target()["source_image"], path="fast")
        assert not receipt["rejected"], receipt
        assert "Completed" in (await visitor.until("Completed"))[-1]


async def test_a_report_is_decided_in_the_moderators_channel(tmp_path: Path) -> None:
    async with opened(tmp_path) as (sandbox, visitor):
        await visitor.run("faceswap-v5", face_and_target())
        await visitor.until("Completed")
        await visitor.switch(ADA)
        await visitor.press("Report")
        await visitor.submit(complaint="consent", details="That is my uncle")
        await visitor.switch(MIKA)
        await visitor.open_channel("moderators")
        await visitor.until_anywhere("That is my uncle")
        await visitor.press("Remove")
        await visitor.submit(note="He did not agree")
        async with asyncio.timeout(PATIENCE):
            while len(sandbox.guild.channel.history()) > 1:
                await asyncio.sleep(0.2)
