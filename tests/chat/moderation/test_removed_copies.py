"""A removed result is gone from every message of the bot: log entries, showcase, reports and batches."""

from typing import Any

import discord
import pytest
import simcord

from bot.chat.moderation.takedowns import TakedownService
from bot.jobs.job import Job
from bot.moderation.takedowns import Claim
from tests.chat.admin_harness import Server
from tests.chat.delivery.test_showcase import share
from tests.chat.moderation.reports import latest, message_of, report, said_in, take_step
from tests.chat.moderation.test_takedowns import (
    SERVED,
    Outsider,
    is_shown,
    make_result,
    operator,
    outsider,
    service,
)
from tests.chat.orders.test_batches import order_batch, targets, until_told
from tests.harness import Reply, eventually
from tests.wording import wording

__all__ = ["operator", "outsider", "service"]


@pytest.fixture
async def log(server: Server) -> simcord.ChannelHandle:
    """Log that shows the pictures of results."""
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel, pictures=True)
    return channel


@pytest.fixture
async def showcase(server: Server) -> simcord.ChannelHandle:
    channel = server.guild.create_text_channel("showcase")
    await server.tell("showcase", channel=channel)
    return channel


async def entry_of(log: simcord.ChannelHandle, job: Job) -> Any:
    return await latest(log, "Completed", job.id[-8:])


async def make_copied_result(
    server: Server, log: simcord.ChannelHandle, showcase: simcord.ChannelHandle
) -> tuple[Reply, Job]:
    """A result with a copy in the log and one in the showcase."""
    reply, job = await make_result(server)
    await share(server, reply)
    assert len(showcase.history()) == 1
    assert len((await entry_of(log, job)).attachments) == 1
    return reply, job


async def until_gone(
    server: Server, log: simcord.ChannelHandle, showcase: simcord.ChannelHandle, job: Job
) -> None:
    """Wait until no message shows the result; the log still says who ordered it."""
    await eventually(lambda: not is_shown(server, job.place.message_id), lambda: "its message is deleted")
    await eventually(lambda: not showcase.history(), lambda: "the showcase is empty")
    await eventually(
        lambda: not any(message.attachments for message in log.history()), lambda: "the log has no picture"
    )
    words = "\n".join(said_in(await entry_of(log, job)))
    assert f"<@{server.member.id}>" in words
    assert wording("log.removed") in words


@SERVED
async def test_a_takedown_covers_the_log_and_the_showcase(
    server: Server,
    log: simcord.ChannelHandle,
    showcase: simcord.ChannelHandle,
    outsider: Outsider,
    service: TakedownService,
    operator: simcord.UserHandle,
) -> None:
    _, job = await make_copied_result(server, log, showcase)
    # The entry of the log leads to the order, too.
    await outsider.asks(link=(await entry_of(log, job)).jump_url)
    await service.run_once()
    card = await latest(operator.dm_channel, "It matches one order")
    await operator.click(card, label="Remove everywhere")
    await until_gone(server, log, showcase, job)


async def test_a_moderators_removal_covers_the_log_and_the_showcase(
    server: Server, log: simcord.ChannelHandle, showcase: simcord.ChannelHandle
) -> None:
    reply, job = await make_copied_result(server, log, showcase)
    await report(server, reply, server.stage.another_member("witness"))
    role = server.guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
    moderator = server.guild.add_member(server.stage.env.create_user("mod"), roles=[role])
    await take_step(moderator, await latest(log, "Report 1"), "Remove")
    await until_gone(server, log, showcase, job)


async def test_a_members_deletion_covers_the_log_and_the_showcase(
    server: Server, log: simcord.ChannelHandle, showcase: simcord.ChannelHandle
) -> None:
    reply, job = await make_copied_result(server, log, showcase)
    question = await server.member.click(message_of(server.stage, reply), label="Delete")
    assert question.response is not None
    await server.member.click(question.response, label="Delete for everyone")
    await until_gone(server, log, showcase, job)


async def test_a_result_that_is_removed_while_it_is_logged_leaves_no_picture(
    server: Server, log: simcord.ChannelHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    moderation = server.stage.app.store.moderation
    keep_log_entry = moderation.keep_log_entry

    async def removed_meanwhile(job_id: str, channel_id: int, message_id: int) -> None:
        await moderation.take_down(job_id, "7")
        await keep_log_entry(job_id, channel_id, message_id)

    monkeypatch.setattr(moderation, "keep_log_entry", removed_meanwhile)
    _, job = await make_result(server)
    entry = await latest(log, job.id[-8:], wording("log.removed"))
    assert entry.attachments == []


async def take_down(server: Server, job: Job, service: TakedownService, operator: simcord.UserHandle) -> None:
    """Grant a request that names the order, as a watermark does."""
    claim = Claim("A. Person", "person@example.org", "It shows me.", "A. Person")
    await server.stage.app.store.takedowns.add(claim, None, hours=48, jobs=[job.id])
    await service.run_once()
    await operator.click(await latest(operator.dm_channel, "It matches one order"), label="Remove everywhere")


@pytest.mark.stage(jobs={"per_member": 3})
async def test_the_takedown_of_one_result_of_a_batch_covers_the_report_of_another(
    server: Server, log: simcord.ChannelHandle, service: TakedownService, operator: simcord.UserHandle
) -> None:
    stage = server.stage
    reply = await order_batch(stage, targets(3))
    await stage.finish(reply, "3 of 3 done")
    *_, last = await until_told(stage)
    await report(server, reply, stage.another_member("witness"))
    assert len((await latest(log, "Report 1")).attachments) == 3
    assert len((await entry_of(log, last)).attachments) == 1
    await take_down(server, last, service, operator)
    await eventually(
        lambda: not is_shown(server, last.place.message_id), lambda: "the message of the batch is deleted"
    )
    await latest(log, last.id[-8:], wording("log.removed"))
    # The other results may stay.
    await eventually(
        lambda: sorted(len(each.attachments) for each in log.history()) == [0, 1, 1],
        lambda: "the report is deleted, and one entry has no picture",
    )


async def test_a_removed_result_that_waits_for_approval_leaves_its_request_without_a_picture(
    server: Server, log: simcord.ChannelHandle, service: TakedownService, operator: simcord.UserHandle
) -> None:
    await server.tell("approve", on=True)
    reply = await server.stage.order("faceswap-v5")
    await server.stage.finish(reply, wording("end.awaited"))
    assert len((await latest(log, wording("approval.title"))).attachments) == 1
    await take_down(server, await server.stage.job(reply), service, operator)
    await eventually(
        lambda: [each.attachments for each in log.history()] == [[]], lambda: "the request has no picture"
    )
    await latest(log, wording("approval.title"))
