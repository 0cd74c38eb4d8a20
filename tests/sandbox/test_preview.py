"""Additions of our preview to SimCord's: channels, direct messages, and the menus of messages and members."""

import asyncio

import pytest
from simcord import Preview, preview

from bot.sandbox.app import Sandbox
from tests.patience import PATIENCE
from tests.sandbox.photos import face_and_target
from tests.sandbox.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROBIN, ADA, MIKA = "Robin", "Ada (administrator)", "Mika (moderator)"


async def shared_channels(visitor: Visitor) -> list[str]:
    """Return the channels of the server, because a test that reports a result leaves direct messages."""
    return [each["name"] for each in await visitor.channels() if not each["direct"]]


async def test_each_person_finds_the_channels_that_they_may_see(sandbox: Sandbox, visitor: Visitor) -> None:
    assert await shared_channels(visitor) == ["faceswap", "pictures", "news"]
    await visitor.open_channel("news")
    state = await visitor.state()
    assert (state["channel"]["name"], state["channel"]["canSendMessages"]) == ("news", False)
    assert await visitor.invocations() == set()
    # The address of a hidden channel leads to the first one.
    await visitor.open_channel_by_id(sandbox.guild.moderators.id)
    assert (await visitor.state())["channel"]["name"] == "faceswap"
    await visitor.switch(MIKA)
    assert await shared_channels(visitor) == ["faceswap", "pictures", "news", "moderators"]
    await visitor.open_channel("moderators")
    # A person who may not see the open channel comes back to the first one.
    await visitor.switch(ROBIN)
    assert (await visitor.state())["channel"]["name"] == "faceswap"


async def test_commands_run_in_the_open_channel(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.switch(ADA)
    await visitor.open_channel("news")
    first, news = len(sandbox.guild.channel.history()), len(sandbox.guild.news.history())
    await visitor.run("faceswap-v5", face_and_target("fail.jpg"))
    await visitor.until("Failed")
    assert len(sandbox.guild.news.history()) == news + 1
    assert len(sandbox.guild.channel.history()) == first


async def test_the_menu_of_a_message_opens_the_form_with_its_picture(
    sandbox: Sandbox, visitor: Visitor
) -> None:
    posted = sandbox.guild.pictures.history()[0]
    await visitor.open_channel("pictures")
    receipt = await visitor.use("Swap a face into this", message=posted.id)
    assert (receipt["settlement"], receipt["rejected"]) == ("settled", False), receipt
    receipt = await visitor.upload(face_and_target()["source_image"], path="fast", which=["0"])
    assert not receipt["rejected"], receipt
    assert "Completed" in (await visitor.until("Completed"))[-1]


async def test_the_menu_of_a_member_answers_privately_and_a_refusal_is_no_failure(
    sandbox: Sandbox, visitor: Visitor
) -> None:
    receipt = await visitor.use("Swap with this member", user=sandbox.guild.administrator.id)
    assert (receipt["settlement"], receipt["uncertain"]) == ("settled", False), receipt
    (answer,) = await visitor.words()
    await visitor.switch(ADA)
    assert answer not in await visitor.words()


async def test_a_menu_of_something_that_is_not_there_is_rejected(visitor: Visitor) -> None:
    for kind in ("message", "user", "role"):
        receipt = await visitor.use_id("1", "Swap a face into this", {kind: "1"})
        assert receipt["rejected"], receipt


async def test_direct_messages_are_a_channel_of_their_member(sandbox: Sandbox, visitor: Visitor) -> None:
    async with sandbox.lock:
        user = await sandbox.app.client.fetch_user(sandbox.guild.member.id)
        await user.send("Your avatar was used")
    await visitor.open_channel("Doppel")
    state = await visitor.state()
    assert state["channel"]["type"] == 1
    *_, newest = state["messages"].values()
    assert newest["content"] == "Your avatar was used"
    assert state["server"]["menus"] == {"message": [], "user": []}
    await visitor.run("help", {})
    assert len((await visitor.state())["messages"]) == len(state["messages"]) + 1
    await visitor.switch(ADA)
    assert state["channel"]["id"] not in {each["id"] for each in await visitor.channels()}


async def test_a_member_who_shares_their_avatar_lends_their_face(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.switch(MIKA)
    await visitor.run("privacy avatar on", {})
    await visitor.switch(ROBIN)
    await visitor.use("Swap with this member", user=sandbox.guild.moderator.id)
    receipt = await visitor.upload(face_and_target()["source_image"], path="fast")
    assert not receipt["rejected"], receipt
    assert "Completed" in (await visitor.until("Completed"))[-1]


async def test_a_report_is_decided_in_the_moderators_channel(sandbox: Sandbox, visitor: Visitor) -> None:
    await visitor.run("faceswap-v5", face_and_target())
    await visitor.until("Completed")
    result = sandbox.guild.channel.last_message
    assert result is not None
    await visitor.switch(ADA)
    await visitor.press("Report")
    await visitor.submit(complaint="consent", details="That is my uncle")
    await visitor.switch(MIKA)
    await visitor.open_channel("moderators")
    await visitor.until_anywhere("That is my uncle")
    await visitor.press("Remove")
    await visitor.submit(note="He did not agree")
    async with asyncio.timeout(PATIENCE):
        while result.id in {each.id for each in sandbox.guild.channel.history()}:
            await asyncio.sleep(0.2)


async def test_nothing_is_rendered_for_a_page_that_nobody_has_open(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[object] = []

    def build(_: Preview, page: object) -> dict[str, object]:
        rendered.append(page)
        return {}

    monkeypatch.setattr(preview, "build_snapshot", build)
    async with sandbox.lock:
        await sandbox.guild.administrator.send(sandbox.guild.pictures, "More to come")
        await sandbox.preview.refresh()
    assert rendered == []
