"""Members show their results in the showcase of the server, and take them out again."""

import discord
import pytest
import simcord

from bot.chat.text import Text
from tests.chat.admin_harness import Server, said
from tests.harness import Reply, eventually, texts
from tests.wording import wording

SHARE = Text.load()("buttons.share")
REMOVE = Text.load()("buttons.unshare")


@pytest.fixture
async def showcase(server: Server) -> simcord.ChannelHandle:
    channel = server.guild.create_text_channel("showcase")
    words = await server.tell("showcase", channel=channel)
    assert f"Members can now share results in <#{channel.id}>." in words
    return channel


async def finished_order(server: Server, **options: object) -> Reply:
    reply = await server.stage.order("faceswap-v5", **options)
    await server.stage.finish(reply, "Completed")
    return reply


async def share(server: Server, reply: Reply) -> str:
    message = next(each for each in server.channel.history() if each.id == reply.id)
    return said(await server.member.click(message, label=SHARE))


def said_in(message: discord.Message) -> str:
    return "\n".join(line for each in message.components for line in texts(each.to_dict()))


def can_be_shared(message: discord.Message) -> bool:
    return "job:share:" in str([each.to_dict() for each in message.components])


async def test_a_member_shares_a_result_once_and_takes_it_out(
    server: Server, showcase: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server)
    words = await share(server, reply)
    (shown,) = showcase.history()
    assert f"Your result is now in the showcase: [Jump to message]({shown.jump_url})." in words
    assert f"**Face swap v5** · shared by <@{server.member.id}>" in said_in(shown)
    (picture,) = shown.attachments
    assert (await server.stage.job(reply)).id in picture.filename
    assert wording("refused.already_shared") in await share(server, reply)
    assert len(showcase.history()) == 1
    result = await server.member.click(shown, label=REMOVE)
    assert "no longer in the showcase" in "\n".join(texts(result.followups[0].components))
    assert showcase.history() == []
    assert any(each.id == reply.id for each in server.channel.history())
    # It can be shared anew.
    assert "is now in the showcase" in await share(server, reply)


@pytest.mark.stage(card={"before_and_after": True})
async def test_the_original_beside_the_result_is_not_shared_and_a_spoiler_stays_one(
    server: Server, showcase: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server, spoiler=True)
    message = next(each for each in server.channel.history() if each.id == reply.id)
    assert len(message.attachments) == 2
    await share(server, reply)
    (shown,) = showcase.history()
    (picture,) = shown.attachments
    assert picture.filename.startswith("SPOILER_faceswap-v5-")
    assert "'spoiler': True" in str([each.to_dict() for each in shown.components])


async def test_only_the_member_shares_and_moderators_may_remove(
    server: Server, showcase: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server)
    eve = server.stage.another_member("eve")
    message = next(each for each in server.channel.history() if each.id == reply.id)
    assert wording("refused.not_your_order") in said(await eve.click(message, label=SHARE))
    await share(server, reply)
    (shown,) = showcase.history()
    assert wording("refused.not_your_order") in said(await eve.click(shown, label=REMOVE))
    assert len(showcase.history()) == 1
    role = server.guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
    moderator = server.guild.add_member(server.stage.env.create_user("mo"), roles=[role])
    await moderator.click(shown, label=REMOVE)
    assert showcase.history() == []


async def test_a_deleted_result_leaves_the_showcase_as_well(
    server: Server, showcase: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server)
    await share(server, reply)
    message = next(each for each in server.channel.history() if each.id == reply.id)
    question = await server.member.click(message, label="Delete")
    assert question.response is not None
    await server.member.click(question.response, label="Delete for everyone")
    await eventually(lambda: showcase.history() == [], lambda: "the showcase is empty")


async def test_a_result_that_is_removed_while_it_is_shared_is_not_left_there(
    server: Server, showcase: simcord.ChannelHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = await finished_order(server)
    moderation = server.stage.app.store.moderation
    keep_post = moderation.keep_post

    async def removed_meanwhile(job_id: str, channel_id: int, message_id: int) -> None:
        await moderation.take_down(job_id, "7")
        await keep_post(job_id, channel_id, message_id)

    monkeypatch.setattr(moderation, "keep_post", removed_meanwhile)
    assert "can't share this result" in await share(server, reply)
    assert showcase.history() == []


async def test_hidden_results_and_servers_without_a_showcase_have_no_button(server: Server) -> None:
    reply = await finished_order(server)
    message = next(each for each in server.channel.history() if each.id == reply.id)
    assert not can_be_shared(message)
    channel = server.guild.create_text_channel("showcase")
    await server.tell("showcase", channel=channel)
    hidden = await server.stage.order("faceswap-v5", hidden=True)
    await server.stage.finish(hidden, "Completed")
    shown = hidden.result.response
    assert shown is not None
    assert "job:seed:" in str(shown.components)
    assert "job:share:" not in str(shown.components)
    later = await finished_order(server)
    assert can_be_shared(next(each for each in server.channel.history() if each.id == later.id))
    assert "Members can no longer share results." in await server.tell("showcase", off=True)
    assert "This server has no showcase." in await share(server, later)


async def test_the_showcase_is_shown_among_the_rules(server: Server, showcase: simcord.ChannelHandle) -> None:
    assert f"Members can share results in <#{showcase.id}>." in await server.tell("showcase")
