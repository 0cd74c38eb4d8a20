"""Requests for approval: the log, servers where nobody can be asked, and results that nobody decides."""

from typing import Any

import discord
import pytest
import simcord

from bot.chat.moderation.approvals import REST
from bot.jobs.delivery import Delivery
from tests.chat.admin_harness import Server, said
from tests.chat.moderation.approvals.waiting import (
    WAITS,
    approval_of,
    cards_in,
    monitor_of,
    refusal_of,
    shown_pictures,
    until_delivered,
    waiting_result,
    with_log,
)
from tests.chat.moderation.reports import in_channel, latest
from tests.clocks import HeldClock
from tests.harness import Reply
from tests.wording import wording


async def test_approval_needs_a_log_and_the_log_stays_while_it_is_on(server: Server) -> None:
    assert "/admin log" in await server.tell("approve", on=True)
    assert not (await server.rules()).approve
    log = await with_log(server)
    assert "/admin approve" in await server.tell("log", off=True)
    assert (await server.rules()).log_channel == log.id
    assert wording("entry.approve") in await server.tell("approve")
    await waiting_result(server, log)
    assert wording("entry.awaited.one") in await server.tell("approve")
    assert wording("audit.approval_off") in await server.tell("approve", on=False)
    reply = await server.stage.order("faceswap-v5")
    await server.stage.finish(reply, "Completed")
    assert wording("entry.no_approve") in await server.tell("approve")
    assert "log" in [what for _, what, _ in await server.audit_entries()]


async def lose_the_log(server: Server) -> None:
    """Delete the log channel."""
    access_admin = server.stage.app.client.admin.access_admin
    await access_admin.set_log(server.credit_admin[1], 17, pictures=False)


async def test_where_nobody_can_be_asked_results_wait_and_everybody_is_told(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor, operator: simcord.MemberActor
) -> None:
    await lose_the_log(server)
    replies = [await server.stage.order("faceswap-v5") for _ in range(2)]
    for reply in replies:
        await server.stage.finish(reply, WAITS, wording("end.unheard"))
        assert (await server.stage.wait_until_told(reply)).delivery == Delivery.AWAITED
        assert reply.attachments == []
    await latest(operator.user.dm_channel, wording("operator.unheard"), "Testers")
    assert len(operator.user.dm_channel.history()) == 1
    waiting = monitor_of(server, HeldClock())
    await waiting.run_once()
    assert wording("end.unheard") in replies[0].text
    other = server.guild.create_text_channel("another-log")
    await server.tell("log", channel=other)
    await waiting.run_once()
    await replies[0].says(WAITS, wording("end.awaited_note"))
    assert [len(shown_pictures(each)) for each in other.history()] == [1, 1]
    assert log.history() == []
    for card in other.history():
        await moderator.click(card, label="Approve")
    for reply in replies:
        await reply.says("Completed")


async def test_a_log_that_rejects_a_card_is_not_tried_again_at_once(
    server: Server, log: simcord.ChannelHandle, operator: simcord.MemberActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process does not serve this server, so it knows none of its channels."""
    stage, clock = server.stage, HeldClock()
    service: Any = stage.app.client.admin.approvals
    monkeypatch.setattr(service, "_clock", clock)
    monkeypatch.setattr(stage.app.client, "get_guild", dict[int, discord.Guild]().get)
    await lose_the_log(server)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, WAITS, wording("end.unheard"))
    await stage.wait_until_told(reply)
    waiting = monitor_of(server, clock)

    async def tries() -> int:
        await waiting.run_once()
        return sum(entry.path.endswith("/channels/17/messages") for entry in stage.env.http_requests)

    assert [await tries(), await tries()] == [2, 2]
    clock.move(REST)
    assert await tries() == 3
    assert len(operator.user.dm_channel.history()) == 1
    assert log.history() == []


async def test_waiting_results_move_to_another_log(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, _ = await waiting_result(server, log)
    waiting = monitor_of(server, HeldClock())
    await waiting.run_once()
    assert len(cards_in(log)) == 1
    closed = discord.PermissionOverwrite(send_messages=False)
    shut = server.guild.create_text_channel("shut", overwrites={server.guild.default_role: closed})
    await server.tell("log", channel=shut)
    assert wording("entry.closed_log") in await server.tell("approve")
    await waiting.run_once()
    assert len(cards_in(log)) == 1
    other = server.guild.create_text_channel("another-log")
    await server.tell("log", channel=other)
    assert "Nobody can check them" not in await server.tell("approve")
    await waiting.run_once()
    await waiting.run_once()
    assert [len(cards_in(each)) for each in (log, shut, other)] == [0, 0, 1]
    await moderator.click(other.history()[0], label="Approve")
    await reply.says("Completed")


async def test_a_result_that_nobody_decides_in_time_is_refunded(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply, _ = await waiting_result(server, log)
    clock = HeldClock((await approval_of(server, reply)).lapses_at - 1)
    waiting = monitor_of(server, clock)
    await waiting.run_once()
    assert WAITS in reply.text
    clock.move(1)
    await waiting.run_once()
    await reply.says(wording("state.lapsed"), wording("end.lapsed"), "5 credits")
    assert (await until_delivered(server, reply)).output is None
    assert await server.granted() == 100
    assert (await latest(log, wording("approval.lapsed"))).attachments == []
    assert (await server.audit_entries())[-1][:2] == ("bot", "refund")


async def test_a_member_who_deletes_their_data_leaves_nothing_in_the_log(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log)
    store = server.stage.app.store
    about = await store.member_data.export(server.member.id)
    assert [each["verdict"] for each in about["approvals"]] == ["waiting"]
    assert [each["output"] for each in about["jobs"]] == [None]
    await store.member_data.forget(server.member.id, strikes_since=0)
    pressed = await moderator.click(card, label="Approve")
    assert "was deleted" in refusal_of(pressed)
    await monitor_of(server, HeldClock()).run_once()
    assert log.history() == []
    assert not in_channel(server.stage, reply)
    assert await store.discrepancies() == []


@pytest.mark.stage(credits={"direct_daily": 6})
async def test_jobs_in_direct_messages_wait_for_nobody(server: Server, log: simcord.ChannelHandle) -> None:
    stage = server.stage
    files = stage.files("faceswap-v5")
    reply = Reply(stage.env, await server.member.user.slash("faceswap-v5", **files))
    await stage.finish(reply, "Completed")
    assert log.history() == []


async def test_moderators_see_in_the_list_of_jobs_which_results_wait(
    server: Server, log: simcord.ChannelHandle
) -> None:
    await waiting_result(server, log)
    mine = said(await server.member.slash(server.channel, "jobs"))
    assert wording("state.awaited") in mine
    assert wording("buttons.show") not in mine


async def test_a_result_that_cannot_be_fetched_is_posted_once_it_can(
    server: Server, log: simcord.ChannelHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, clock = server.stage, HeldClock()
    service: Any = stage.app.client.admin.approvals
    monkeypatch.setattr(service, "_clock", clock)
    await lose_the_log(server)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, WAITS, wording("end.unheard"))
    await stage.wait_until_told(reply)
    await server.tell("log", channel=log)
    stage.segmind.faults.next("file", "forbidden")
    waiting = monitor_of(server, clock)
    for _ in range(2):
        await waiting.run_once()
        assert cards_in(log) == []
    clock.move(REST)
    await waiting.run_once()
    assert len(cards_in(log)) == 1
