"""Decisions about results that wait for approval: who may decide, and what becomes of the result."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import simcord

from bot.chat.delivery.result_card import OUTPUT_SECONDS
from bot.chat.messages import Messages
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.moderation.approvals import Verdict
from tests.chat.admin_harness import Server
from tests.chat.moderation.approvals.waiting import (
    WAITS,
    a_moderator,
    approval_of,
    cards_in,
    refusal_of,
    shown_pictures,
    until_delivered,
    waiting_result,
)
from tests.chat.moderation.reports import latest, said_in
from tests.clocks import HeldClock
from tests.harness import texts
from tests.wording import wording


async def test_a_result_is_shown_in_its_message_once_a_moderator_approves_it(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log)
    assert reply.attachments == []
    assert wording("end.awaited_note") in reply.text
    assert "segmind" not in reply.text.lower()
    asked = "\n".join(said_in(card))
    for word in (f"<@{server.member.id}>", "Face swap v5", str(reply.id), "AI-generated"):
        assert word in asked
    assert [each["spoiler"] for each in shown_pictures(card)] == [True]
    await moderator.click(card, label="Approve")
    await reply.says("Completed", "5 credits")
    assert len(reply.attachments) == 1
    assert (await until_delivered(server, reply)).delivery == Delivery.EDITED
    decided = await latest(log, "Approved")
    assert (decided.attachments, shown_pictures(decided)) == ([], [])
    assert "custom_id" not in str([each.to_dict() for each in decided.components])
    assert await server.granted() == 95
    assert [(who, what) for who, what, _ in await server.audit_entries()][-1] == (
        str(moderator.id),
        "approve",
    )
    assert await server.stage.app.store.discrepancies() == []


async def test_a_rejected_result_is_refunded_and_shown_to_nobody(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log)
    await moderator.click(card, label="Reject")
    assert "5 credits" in await reply.says("credits back")
    assert reply.attachments == []
    job = await until_delivered(server, reply)
    assert job.output is None
    assert await server.granted() == 100
    assert [(who, what) for who, what, _ in await server.audit_entries()][-2:] == [
        (str(moderator.id), "reject"),
        (str(moderator.id), "refund"),
    ]
    assert wording("refused.refunded") in await server.tell("refund", job=job.id)
    assert (await latest(log, "Rejected")).attachments == []
    assert await server.stage.app.store.discrepancies() == []


async def test_a_rejection_is_refunded_once_however_often_its_delivery_is_tried(
    server: Server,
    log: simcord.ChannelHandle,
    moderator: simcord.MemberActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, card = await waiting_result(server, log)
    app = server.stage.app
    runner: Any = app.engine.runner
    monkeypatch.setattr(runner, "_config", replace(runner._config, retry_delay=0.01))
    try_route, tries = Messages.try_route, 0

    async def stumbling(self: Messages, *where: Any, **what: Any) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("the way to Discord is broken")
        await try_route(self, *where, **what)

    monkeypatch.setattr(Messages, "try_route", stumbling)
    await moderator.click(card, label="Reject")
    await reply.says("Rejected", wording("end.rejected"), "credits back")
    await until_delivered(server, reply)
    assert tries == 3
    assert await server.granted() == 100
    assert await app.store.discrepancies() == []


async def test_members_and_strangers_decide_nothing_and_are_told_why(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply, card = await waiting_result(server, log)
    for actor in (server.member, server.stage.another_member("eve")):
        pressed = await actor.click(card, label="Approve")
        assert wording("refused.not_moderator") in refusal_of(pressed)
    assert (await approval_of(server, reply)).verdict is Verdict.WAITING
    assert WAITS in reply.text
    await server.admin.click(card, label="Approve")
    await reply.says("Completed")


async def test_two_moderators_at_once_decide_once(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log)
    approvals = server.stage.app.store.approvals
    job_id = (await server.stage.job(reply)).id
    other = server.admin
    first, second = await asyncio.gather(
        approvals.decide(job_id, Verdict.REJECTED, moderator.id, None),
        approvals.decide(job_id, Verdict.APPROVED, other.id, None),
    )
    assert sorted([first.is_new, second.is_new]) == [False, True]
    assert first.approval == second.approval
    # Neither decision has started the job here, so the next press starts it.
    await other.click(card, label="Approve")
    await until_delivered(server, reply)
    assert sum("Completed" in each or "Rejected" in each for each in reply.edits) == 1
    assert len(cards_in(log)) == 1


async def test_an_approved_result_whose_hidden_reply_has_expired_arrives_by_direct_message(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log, hidden=True)
    assert str(reply.id) not in "\n".join(said_in(card))
    job = await server.stage.job(reply)
    await expire(server, job)
    await moderator.click(card, label="Approve")
    assert (await until_delivered(server, reply)).delivery == Delivery.DIRECT
    sent = server.member.user.dm_channel.history()[0]
    assert len(sent.attachments) == 1


async def expire(server: Server, job: Job) -> None:
    """Let the token of the job's reply expire."""
    await server.stage.execute("UPDATE jobs SET token_until = 0 WHERE id = ?", job.id)


async def test_a_result_for_direct_messages_goes_there_after_the_approval(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log, send_to_me=True)
    direct = server.member.user.dm_channel
    assert direct.history() == []
    await moderator.click(card, label="Approve")
    assert (await until_delivered(server, reply)).delivery == Delivery.DIRECT
    assert len(direct.history()[0].attachments) == 1
    assert "Sent privately" in reply.text


@pytest.mark.stage(card={"before_and_after": True})
async def test_the_original_and_the_spoiler_stay_after_an_approval(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log, spoiler=True)
    await moderator.click(card, label="Approve")
    await reply.says("Completed")
    assert len(reply.attachments) == 2
    assert all(each.filename.startswith("SPOILER_") for each in reply.attachments)


async def test_a_result_that_was_listed_meanwhile_is_withheld_in_spite_of_an_approval(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log)
    store, job = server.stage.app.store, await server.stage.job(reply)
    await store.moderation.ban_fingerprints(
        list((await store.moderation.fingerprints_of(job.id)).values()), None, "x"
    )
    await moderator.click(card, label="Approve")
    await reply.says(wording("end.filtered"))
    assert reply.attachments == []
    await latest(log, "Not shown")


async def test_the_operator_decides_everywhere(
    server: Server, log: simcord.ChannelHandle, operator: simcord.MemberActor
) -> None:
    reply, card = await waiting_result(server, log)
    await operator.click(card, label="Approve")
    await reply.says("Completed")


async def test_a_moderator_who_comes_too_late_is_told_so(
    server: Server,
    log: simcord.ChannelHandle,
    moderator: simcord.MemberActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, card = await waiting_result(server, log)
    service: Any = server.stage.app.client.admin.approvals
    approval = await approval_of(server, reply)
    job = await server.stage.job(reply)
    assert approval.lapses_at == (job.submitted_at or 0) + OUTPUT_SECONDS
    monkeypatch.setattr(service, "_clock", HeldClock(approval.lapses_at))
    await moderator.click(card, label="Approve")
    await latest(log, wording("approval.lapsed"))
    await reply.says(wording("state.lapsed"), wording("end.lapsed"))
    assert await server.granted() == 100


async def test_a_result_that_is_gone_when_it_is_approved_is_refunded(
    server: Server,
    log: simcord.ChannelHandle,
    moderator: simcord.MemberActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The moderator decided in time, but Segmind deleted the result before the bot could fetch it."""
    reply, card = await waiting_result(server, log)
    late = HeldClock((await approval_of(server, reply)).lapses_at)
    service: Any = server.stage.app.client.admin.approvals
    monkeypatch.setattr(service._approval_requester, "_clock", late)
    # Only for an old request, a missing file is no passing fault.
    runner: Any = server.stage.app.engine.runner
    monkeypatch.setattr(runner._fetcher, "_clock", late)
    server.stage.segmind.faults.next("file", "forbidden")
    await moderator.click(card, label="Approve")
    await reply.says(wording("state.lapsed"), wording("end.lapsed"), "5 credits")
    assert await server.granted() == 100
    assert (await until_delivered(server, reply)).delivery == Delivery.EDITED


async def test_moderators_approve_their_own_orders_only_where_the_server_lets_them(
    server: Server, log: simcord.ChannelHandle
) -> None:
    moderator, other = a_moderator(server), server.admin
    reply = await server.stage.order_as(moderator, "faceswap-v5")
    await server.stage.finish(reply, WAITS)
    card = await latest(log, wording("approval.title"))
    pressed = await moderator.click(card, label="Approve")
    assert wording("refused.own_approval") in "\n".join(texts(pressed.followups[0].components))
    assert (await approval_of(server, reply)).verdict is Verdict.WAITING
    await other.click(card, label="Approve")
    await server.stage.finish(reply, "Completed")
    assert wording("audit.approval_own_on") in (said_ := await server.tell("approve", own=True))
    assert "Moderators can approve results of their own" in said_
    reply = await server.stage.order_as(moderator, "faceswap-v5")
    await server.stage.finish(reply, WAITS)
    await moderator.click(await latest(log, wording("approval.title")), label="Approve")
    await server.stage.finish(reply, "Completed")


async def test_moderators_may_reject_their_own_orders(server: Server, log: simcord.ChannelHandle) -> None:
    moderator = a_moderator(server)
    reply = await server.stage.order_as(moderator, "faceswap-v5")
    await server.stage.finish(reply, WAITS)
    await moderator.click(await latest(log, wording("approval.title")), label="Reject")
    await server.stage.finish(reply, "Rejected")
