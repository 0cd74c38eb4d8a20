"""Approval before anybody sees a result: by whom, when, over restarts, and where nobody can be asked."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from bot.chat.delivery.result_card import OUTPUT_SECONDS
from bot.chat.messages import Messages
from bot.chat.moderation.approvals import REST
from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.text import Text
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.moderation.approvals import Approval, ApprovalMonitor, Verdict
from tests.chat.admin_harness import Server, here, said
from tests.chat.conftest import House
from tests.chat.moderation.test_cases import in_channel, latest, said_in
from tests.clocks import HeldClock
from tests.harness import Reply, local_segmind, staged, texts
from tests.patience import PATIENCE
from tests.wording import wording

WAITS = wording("state.awaited")


@pytest.fixture
async def log(server: Server) -> simcord.ChannelHandle:
    return await with_log(server)


@pytest.fixture
def moderator(server: Server) -> simcord.MemberActor:
    return a_moderator(server)


async def with_log(server: Server) -> simcord.ChannelHandle:
    """Log channel in which moderators approve each result."""
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel)
    assert wording("deed.approval_on") in await server.tell("approve", on=True)
    return channel


def a_moderator(server: Server) -> simcord.MemberActor:
    role = server.guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
    return server.guild.add_member(server.stage.env.create_user("mod"), roles=[role])


async def awaited(server: Server, log: simcord.ChannelHandle, **options: Any) -> tuple[Reply, Any]:
    """An order whose result waits, and the card with which moderators are asked about it."""
    reply = await server.stage.order("faceswap-v5", **options)
    await server.stage.finish(reply, WAITS)
    card = await latest(log, wording("approval.title"))
    assert (await server.stage.wait_until_told(reply)).delivery == Delivery.AWAITED
    return reply, card


async def approval_of(server: Server, reply: Reply) -> Approval:
    approval = await server.stage.app.store.approvals.find((await server.stage.job(reply)).id)
    assert approval is not None
    return approval


async def delivered(server: Server, reply: Reply) -> Job:
    """The job once its end was told for good."""
    async with asyncio.timeout(PATIENCE):
        while not (job := await server.stage.job(reply)).told or job.delivery == Delivery.AWAITED:
            await asyncio.sleep(0.01)
    return job


def waiting_of(server: Server, clock: HeldClock) -> ApprovalMonitor:
    app = server.stage.app
    service: Any = app.client.admin.approvals
    return ApprovalMonitor(app.store.approvals, service, clock)


def refusal_of(pressed: simcord.InteractionResult) -> str:
    return "\n".join(texts(pressed.followups[0].components))


def shown_pictures(message: Any) -> list[dict[str, Any]]:
    return [
        picture
        for component in message.components
        for inner in component.to_dict().get("components", [])
        for picture in inner.get("items", [])
    ]


def cards_in(log: simcord.ChannelHandle) -> list[Any]:
    """Cards on which moderators were asked for approval."""
    words = (wording("approval.title"), "Decided")
    return [each for each in log.history() if any(word in "\n".join(said_in(each)) for word in words)]


async def test_a_result_is_shown_in_its_message_once_a_moderator_approves_it(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log)
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
    assert (await delivered(server, reply)).delivery == Delivery.EDITED
    decided = await latest(log, "Approved")
    assert (decided.attachments, shown_pictures(decided)) == ([], [])
    assert "custom_id" not in str([each.to_dict() for each in decided.components])
    assert await server.granted() == 95
    assert [(who, what) for who, what, _ in await server.audit_entries()][-1] == (
        str(moderator.id),
        "approve",
    )
    assert await server.stage.app.store.discrepancies() == []


async def test_a_refused_result_is_given_back_and_nobody_gets_it_any_more(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log)
    await moderator.click(card, label="Reject")
    assert "5 credits" in await reply.says("credits back")
    assert reply.attachments == []
    job = await delivered(server, reply)
    assert job.output is None
    assert await server.granted() == 100
    assert [(who, what) for who, what, _ in await server.audit_entries()][-2:] == [
        (str(moderator.id), "reject"),
        (str(moderator.id), "refund"),
    ]
    assert wording("refused.refunded") in await server.tell("refund", job=job.id)
    assert (await latest(log, "Rejected")).attachments == []
    assert await server.stage.app.store.discrepancies() == []


async def test_a_refusal_is_said_as_such_and_given_back_once_however_often_it_is_tried(
    server: Server,
    log: simcord.ChannelHandle,
    moderator: simcord.MemberActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, card = await awaited(server, log)
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
    await delivered(server, reply)
    assert tries == 3
    assert await server.granted() == 100
    assert await app.store.discrepancies() == []


async def test_members_and_strangers_decide_nothing_and_are_told_why(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply, card = await awaited(server, log)
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
    reply, card = await awaited(server, log)
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
    await delivered(server, reply)
    assert sum("Completed" in each or "Rejected" in each for each in reply.edits) == 1
    assert len(cards_in(log)) == 1


async def test_an_approved_result_whose_hidden_reply_has_expired_arrives_by_direct_message(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log, hidden=True)
    assert str(reply.id) not in "\n".join(said_in(card))
    job = await server.stage.job(reply)
    await expire(server, job)
    await moderator.click(card, label="Approve")
    assert (await delivered(server, reply)).delivery == Delivery.DIRECT
    sent = server.member.user.dm_channel.history()[0]
    assert len(sent.attachments) == 1


async def expire(server: Server, job: Job) -> None:
    """Let the token of the job's reply expire."""
    await server.stage.execute("UPDATE jobs SET token_until = 0 WHERE id = ?", job.id)


async def test_what_was_wished_for_in_private_goes_there_after_the_approval(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log, send_to_me=True)
    direct = server.member.user.dm_channel
    assert direct.history() == []
    await moderator.click(card, label="Approve")
    assert (await delivered(server, reply)).delivery == Delivery.DIRECT
    assert len(direct.history()[0].attachments) == 1
    assert "Sent privately" in reply.text


@pytest.mark.stage(card={"before_and_after": True})
async def test_before_and_after_and_the_spoiler_are_there_after_an_approval(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log, spoiler=True)
    await moderator.click(card, label="Approve")
    await reply.says("Completed")
    assert len(reply.attachments) == 2
    assert all(each.filename.startswith("SPOILER_") for each in reply.attachments)


async def test_a_result_that_was_listed_meanwhile_is_withheld_in_spite_of_an_approval(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log)
    store, job = server.stage.app.store, await server.stage.job(reply)
    await store.moderation.ban_fingerprints(
        list((await store.moderation.fingerprints_of(job.id)).values()), None, "x"
    )
    await moderator.click(card, label="Approve")
    await reply.says(wording("end.filtered"))
    assert reply.attachments == []
    await latest(log, "Not shown")


async def test_approval_needs_a_log_and_the_log_stays_while_it_is_on(server: Server) -> None:
    assert "/admin log" in await server.tell("approve", on=True)
    assert not (await server.rules()).approve
    log = await with_log(server)
    assert "/admin approve" in await server.tell("log", off=True)
    assert (await server.rules()).log_channel == log.id
    assert wording("entry.approve") in await server.tell("approve")
    await awaited(server, log)
    assert wording("entry.awaited.one") in await server.tell("approve")
    assert wording("deed.approval_off") in await server.tell("approve", on=False)
    reply = await server.stage.order("faceswap-v5")
    await server.stage.finish(reply, "Completed")
    assert wording("entry.no_approve") in await server.tell("approve")
    assert "log" in [what for _, what, _ in await server.audit_entries()]


@pytest.fixture
def operator(server: Server, monkeypatch: pytest.MonkeyPatch) -> simcord.MemberActor:
    """Make a user an operator: the simulated Discord creates ids only once the bot has started."""
    app = server.stage.app
    user = server.guild.add_member(server.stage.env.create_user("operator"))
    its = OperatorAlerts([user.id], client=app.client, background=app.background, text=Text.load())
    service: Any = app.client.admin.approvals
    monkeypatch.setattr(service, "_operators", [user.id])
    monkeypatch.setattr(service._approval_requester, "_tell_operators", its.send_card)
    return user


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
    waiting = waiting_of(server, HeldClock())
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
    waiting = waiting_of(server, clock)

    async def tries() -> int:
        await waiting.run_once()
        return sum(entry.path.endswith("/channels/17/messages") for entry in stage.env.http_requests)

    assert [await tries(), await tries()] == [2, 2]
    clock.move(REST)
    assert await tries() == 3
    assert len(operator.user.dm_channel.history()) == 1
    assert log.history() == []


async def test_what_waits_moves_to_another_log(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, _ = await awaited(server, log)
    waiting = waiting_of(server, HeldClock())
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


async def test_the_operator_decides_everywhere(
    server: Server, log: simcord.ChannelHandle, operator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log)
    await operator.click(card, label="Approve")
    await reply.says("Completed")


async def test_what_nobody_looks_at_in_time_is_given_back(server: Server, log: simcord.ChannelHandle) -> None:
    reply, _ = await awaited(server, log)
    clock = HeldClock((await approval_of(server, reply)).lapses_at - 1)
    waiting = waiting_of(server, clock)
    await waiting.run_once()
    assert WAITS in reply.text
    clock.move(1)
    await waiting.run_once()
    await reply.says(wording("state.lapsed"), wording("end.lapsed"), "5 credits")
    assert (await delivered(server, reply)).output is None
    assert await server.granted() == 100
    assert (await latest(log, wording("approval.lapsed"))).attachments == []
    assert (await server.audit_entries())[-1][:2] == ("bot", "refund")


async def test_a_moderator_who_comes_too_late_is_told_so(
    server: Server,
    log: simcord.ChannelHandle,
    moderator: simcord.MemberActor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, card = await awaited(server, log)
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
    reply, card = await awaited(server, log)
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
    assert (await delivered(server, reply)).delivery == Delivery.EDITED


async def test_whoever_had_everything_deleted_leaves_nothing_in_the_log(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply, card = await awaited(server, log)
    store = server.stage.app.store
    about = await store.member_data.export(server.member.id)
    assert [each["verdict"] for each in about["approvals"]] == ["waiting"]
    assert [each["output"] for each in about["jobs"]] == [None]
    await store.member_data.forget(server.member.id, strikes_since=0)
    pressed = await moderator.click(card, label="Approve")
    assert "was deleted" in refusal_of(pressed)
    await waiting_of(server, HeldClock()).run_once()
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


async def test_moderators_see_in_the_list_of_jobs_what_waits(
    server: Server, log: simcord.ChannelHandle
) -> None:
    await awaited(server, log)
    mine = said(await server.member.slash(server.channel, "jobs"))
    assert wording("state.awaited") in mine
    assert wording("buttons.show") not in mine


async def test_a_result_that_cannot_be_had_is_asked_about_once_it_can(
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
    waiting = waiting_of(server, clock)
    for _ in range(2):
        await waiting.run_once()
        assert cards_in(log) == []
    clock.move(REST)
    await waiting.run_once()
    assert len(cards_in(log)) == 1


async def test_on_postgres_a_result_waits_and_is_shown_just_so(tmp_path: Path, postgres_url: str) -> None:
    clock = HeldClock()
    database = {"url": postgres_url}
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "unused.db", segmind, clock, database=database) as stage,
    ):
        server = here(stage)
        log, moderator = await with_log(server), a_moderator(server)
        for label, end in (("Approve", "Completed"), ("Reject", "credits back")):
            reply = await stage.order("faceswap-v5")
            await stage.finish(reply, WAITS)
            await moderator.click(await latest(log, wording("approval.title")), label=label)
            await reply.says(end)
        assert await server.granted() == 95
        assert await stage.app.store.discrepancies() == []


async def test_a_button_works_after_a_restart(house: House) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    reply, card = await awaited(server, log)
    await house.restart()
    await moderator.click(card, label="Approve")
    await reply.says("Completed", "5 credits")
    assert len(reply.attachments) == 1
    assert await server.stage.app.store.discrepancies() == []


@pytest.mark.parametrize("label", ["Approve", "Reject"])
async def test_what_was_decided_right_before_the_end_is_done_by_the_next_start(
    house: House, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    reply, card = await awaited(server, log)

    async def nothing(job: Job) -> None:
        del job

    monkeypatch.setattr(server.stage.app.engine.job_service, "redeliver", nothing)
    await moderator.click(card, label=label)
    assert WAITS in reply.text
    await house.restart()
    await reply.says("Completed" if label == "Approve" else "credits back")
    await delivered(server, reply)
    assert await server.granted() == (95 if label == "Approve" else 100)
    assert await server.stage.app.store.discrepancies() == []


async def test_a_crash_between_the_refund_and_its_card_neither_loses_nor_doubles_the_refund(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    reply, card = await awaited(server, log)
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Future[None]()

    with monkeypatch.context() as crashing:
        crashing.setattr(Messages, "try_route", never)
        await moderator.click(card, label="Reject")
        await asyncio.wait_for(reached.wait(), PATIENCE)
        assert await server.granted() == 100
        assert "credits back" not in reply.text
        await house.running.aclose()
    await house.restart()
    await reply.says(wording("end.rejected"), "credits back")
    await delivered(server, reply)
    assert await server.granted() == 100
    assert [what for _, what, _ in await server.audit_entries()].count("refund") == 1
    assert await server.stage.app.store.discrepancies() == []


async def test_an_end_before_moderators_were_asked_loses_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = house.server
    log, moderator = await with_log(server), a_moderator(server)
    service: Any = server.stage.app.client.admin.approvals
    asked = asyncio.Event()

    async def never(*_: Any) -> bool:
        asked.set()
        return await asyncio.Future[bool]()

    monkeypatch.setattr(service._approval_requester, "_post", never)
    reply = await server.stage.order("faceswap-v5")
    await server.stage.finish(reply, WAITS)
    await asked.wait()
    assert not (await server.stage.job(reply)).told
    await house.restart()
    card = await latest(log, wording("approval.title"))
    assert (await server.stage.wait_until_told(reply)).delivery == Delivery.AWAITED
    await moderator.click(card, label="Approve")
    await reply.says("Completed")
    assert len(cards_in(log)) == 1


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
    assert wording("deed.approval_own_on") in (said_ := await server.tell("approve", own=True))
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
