"""`/jobs` lists a member's own jobs page by page, and for moderators those of the server."""

import asyncio
from typing import Any

import discord
import pytest
import simcord

from bot.jobs.delivery import Delivery
from tests.chat.admin_harness import Server, elsewhere, said
from tests.harness import Reply, Stage, eventually, texts
from tests.media.marks import is_marked
from tests.wording import wording


async def list_jobs(stage: Stage, member: simcord.MemberActor | None = None, **options: Any) -> str:
    return said(await (member or stage.member).slash(stage.channel, "jobs", **options))


def moderator(stage: Stage) -> simcord.MemberActor:
    role = stage.guild.create_role("Keeping", permissions=discord.Permissions(manage_messages=True))
    return stage.guild.add_member(stage.env.create_user("mona"), roles=[role])


async def finish_undelivered(stage: Stage, reply: Reply) -> None:
    """Finish a job whose result could not be delivered."""
    await stage.finish(reply, "Completed")
    while not (await stage.job(reply)).told:
        await asyncio.sleep(0.01)
    await stage.execute("UPDATE jobs SET delivery = ? WHERE message_id = ?", Delivery.KEPT, reply.id)


async def list_with_kept_result(stage: Stage) -> discord.Message:
    reply = await stage.member.slash(stage.channel, "jobs")
    assert wording("jobs_list.kept_line") in said(reply)
    assert reply.response is not None
    return reply.response.message


async def show_kept_result(stage: Stage, listed: discord.Message | None = None) -> simcord.ResponseMessage:
    listed = listed or await list_with_kept_result(stage)
    answer = await stage.member.click(listed, label=wording("buttons.show"))
    await eventually(lambda: answer.response and answer.response.components, lambda: "nothing is shown")
    assert answer.ephemeral
    assert answer.response is not None
    return answer.response


async def test_members_see_the_state_and_link_of_their_jobs(stage: Stage) -> None:
    assert wording("pages.empty") in await list_jobs(stage)
    done = await stage.order("faceswap-v5")
    await stage.finish(done, "Completed")
    running = await stage.order("faceswap-v4")
    await running.says("Sent to Segmind")
    newest, older = (line for line in (await list_jobs(stage)).splitlines() if "credits" in line)
    where = f"https://discord.com/channels/{stage.guild.id}/{stage.channel.id}"
    assert newest.startswith(f"[**Face swap v4**]({where}/{running.id})")
    assert older.startswith(f"[**Face swap v5**]({where}/{done.id}) · ✅ Completed · 5 credits · <t:")


async def test_members_do_not_see_the_jobs_of_others(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    assert wording("pages.empty") in await list_jobs(stage, stage.another_member("mallory"))


async def test_a_hidden_order_is_listed_without_a_link(stage: Stage) -> None:
    await (await stage.order("faceswap-v5", hidden=True)).says("Queued")
    line = next(line for line in (await list_jobs(stage)).splitlines() if "credits" in line)
    assert line.startswith("**Face swap v5** · ")


@pytest.mark.stage(jobs={"per_member": 1})
async def test_a_waiting_order_can_be_cancelled_in_the_list(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    waiting = await stage.order("faceswap-comic")
    await waiting.says("Waiting")
    shown = await stage.member.slash(stage.channel, "jobs")
    assert shown.response is not None
    await stage.member.click(shown.response.message, label="Cancel")
    await waiting.says("Cancelled")
    assert "Cancelled · nothing charged" in await list_jobs(stage)


async def test_an_undelivered_result_is_fetched_again(stage: Stage) -> None:
    await finish_undelivered(stage, await stage.order("faceswap-v5"))
    answer = await show_kept_result(stage)
    assert "Completed" in "\n".join(texts(answer.components))
    (attachment,) = answer.attachments
    assert is_marked(await attachment.read())


async def test_a_result_that_segmind_has_deleted_is_not_shown(stage: Stage) -> None:
    await finish_undelivered(stage, await stage.order("faceswap-v5"))
    await stage.execute("UPDATE jobs SET output = ?", f"{stage.segmind.url}/outputs/gone")
    answer = await show_kept_result(stage)
    assert wording("end.not_shown") in "\n".join(texts(answer.components))
    assert not answer.attachments


async def test_a_removed_result_is_not_fetched_again(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await finish_undelivered(stage, reply)
    listed = await list_with_kept_result(stage)
    await stage.app.store.moderation.take_down((await stage.job(reply)).id, "1")
    answer = await show_kept_result(stage, listed)
    words = "\n".join(texts(answer.components))
    assert wording("refused.no_such_order") in words
    assert "Completed" not in words
    assert stage.segmind.url not in words
    assert not answer.attachments


async def test_a_removed_result_is_not_offered(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await finish_undelivered(stage, reply)
    await stage.app.store.moderation.take_down((await stage.job(reply)).id, "1")
    listed = await list_jobs(stage)
    assert f"{wording('state.withheld')} · 5 credits" in listed
    assert wording("jobs_list.kept_line") not in listed


@pytest.mark.stage(jobs={"per_member": 20})
async def test_a_long_list_has_pages(stage: Stage) -> None:
    replies: list[Reply] = []
    for _ in range(11):
        replies.append(await stage.order("faceswap-v3-multifaceswap"))
        # A member may have five orders whose files are still inspected.
        await replies[-1].says("Queued")
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


async def test_moderators_see_the_jobs_of_their_server_only(stage: Stage, server: Server) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    other = elsewhere(stage)
    there = await other.member.slash(other.channel, "faceswap-v5", **stage.files("faceswap-v5"))
    await Reply(stage.env, there).says("Queued")
    jobs = await list_jobs(stage, moderator(stage), server=True)
    assert f"<@{stage.member.id}>" in jobs
    assert f"<@{other.member.id}>" not in jobs
    assert f"<@{stage.member.id}>" in await list_jobs(stage, server.admin, server=True)
    own = await list_jobs(stage, stage.member, server=True)
    assert f"<@{stage.member.id}>" not in own


async def test_a_moderator_of_one_channel_does_not_see_the_jobs_of_the_server(stage: Stage) -> None:
    await (await stage.order("faceswap-v5")).says("Queued")
    mallory = stage.another_member("mallory")
    moderates = discord.PermissionOverwrite(manage_messages=True, manage_guild=True)
    own_channel = stage.guild.create_text_channel("mallory", overwrites={mallory: moderates})
    refused = said(await mallory.slash(own_channel, "jobs", server=True))
    assert refused == wording("refused.not_moderator")
