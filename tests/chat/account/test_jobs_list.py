"""`/jobs`: a member's own, page by page, and for moderators those of the server."""

import asyncio
from typing import Any

import discord
import pytest
import simcord

from bot.jobs.delivery import Delivery
from bot.media.provenance import is_marked
from tests.chat.admin_harness import Server, elsewhere, said
from tests.harness import Reply, Stage, eventually, texts


async def mine(stage: Stage, member: simcord.MemberActor | None = None, **options: Any) -> str:
    return said(await (member or stage.member).slash(stage.channel, "jobs", **options))


def moderator(stage: Stage) -> simcord.MemberActor:
    role = stage.guild.create_role("Keeping", permissions=discord.Permissions(manage_messages=True))
    return stage.guild.add_member(stage.env.create_user("mona"), roles=[role])


async def keep(stage: Stage, reply: Reply) -> None:
    """As if no way had led to the member when the result was there."""
    await stage.finish(reply, "Completed")
    while not (await stage.job(reply)).told:
        await asyncio.sleep(0.01)
    await stage.execute("UPDATE jobs SET delivery = ? WHERE message_id = ?", Delivery.KEPT, reply.id)


async def shown_again(stage: Stage) -> simcord.ResponseMessage:
    listed = await stage.member.slash(stage.channel, "jobs")
    assert "its result waits for you" in said(listed)
    assert listed.response is not None
    answer = await stage.member.click(listed.response.message, label="Show me")
    await eventually(lambda: answer.response and answer.response.components, lambda: "nothing is shown")
    assert answer.ephemeral
    assert answer.response is not None
    return answer.response


async def test_a_member_sees_what_became_of_their_orders_and_where_they_are(stage: Stage) -> None:
    assert "There is nothing yet" in await mine(stage)
    done, running = await stage.order("faceswap-v5"), await stage.order("faceswap-v4")
    await stage.finish(done, "Completed")
    await running.says("sent to Segmind")
    newest, older = (line for line in (await mine(stage)).splitlines() if "credits" in line)
    where = f"https://discord.com/channels/{stage.guild.id}/{stage.channel.id}"
    assert newest.startswith(f"[**Face swap v4**]({where}/{running.id})")
    assert older.startswith(f"[**Face swap v5**]({where}/{done.id}) · done · 5 credits · <t:")


async def test_nobody_else_sees_them(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    assert "There is nothing yet" in await mine(stage, stage.another_member("mallory"))


async def test_a_hidden_order_is_listed_without_a_link_that_leads_nowhere(stage: Stage) -> None:
    await (await stage.order("faceswap-v5", hidden=True)).says("Queued")
    assert "https://" not in await mine(stage)


@pytest.mark.stage(jobs={"per_member": 1})
async def test_an_order_that_waits_can_be_cancelled_in_the_list(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    waiting = await stage.order("faceswap-comic")
    await waiting.says("Waiting")
    shown = await stage.member.slash(stage.channel, "jobs")
    assert shown.response is not None
    await stage.member.click(shown.response.message, label="Cancel")
    await waiting.says("Cancelled")
    assert "cancelled · nothing charged" in await mine(stage)


async def test_a_result_that_could_not_be_shown_is_fetched_once_more(stage: Stage) -> None:
    await keep(stage, await stage.order("faceswap-v5"))
    answer = await shown_again(stage)
    assert "Completed" in "\n".join(texts(answer.components))
    (attachment,) = answer.attachments
    assert is_marked(await attachment.read())


async def test_a_result_that_segmind_has_no_more_is_not_promised(stage: Stage) -> None:
    await keep(stage, await stage.order("faceswap-v5"))
    await stage.execute("UPDATE jobs SET output = ?", f"{stage.segmind.url}/outputs/gone")
    answer = await shown_again(stage)
    assert "could not be shown here" in "\n".join(texts(answer.components))
    assert not answer.attachments


async def test_what_moderators_took_away_is_not_fetched_again(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await keep(stage, reply)
    await stage.app.store.register.take_down((await stage.job(reply)).id, "1")
    answer = await shown_again(stage)
    said_ = "\n".join(texts(answer.components))
    assert "Completed" not in said_
    assert stage.segmind.url not in said_
    assert not answer.attachments


@pytest.mark.stage(jobs={"per_member": 20})
async def test_more_than_a_page_is_turned(stage: Stage) -> None:
    replies = [await stage.order("faceswap-v3-multifaceswap") for _ in range(11)]
    for reply in replies:
        await stage.finish(reply, "Completed")
    first = await stage.member.slash(stage.channel, "jobs")
    assert first.response is not None
    assert str(replies[10].id) in said(first)
    assert str(replies[0].id) not in said(first)
    await stage.member.click(first.response.message, label="Older")
    older = said(first)
    assert str(replies[0].id) in older
    assert str(replies[1].id) not in older
    await stage.member.click(first.response.message, label="Newer")
    assert str(replies[10].id) in said(first)


async def test_moderators_see_those_of_their_server_alone(stage: Stage, server: Server) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    other = elsewhere(stage)
    there = await other.member.slash(other.channel, "faceswap-v5", **stage.files("faceswap-v5"))
    await Reply(stage.env, there).says("Queued")
    listed = await mine(stage, moderator(stage), server=True)
    assert f"<@{stage.member.id}>" in listed
    assert f"<@{other.member.id}>" not in listed
    assert f"<@{stage.member.id}>" in await mine(stage, server.admin, server=True)
    refused = await mine(stage, stage.member, server=True)
    assert f"<@{stage.member.id}>" not in refused
