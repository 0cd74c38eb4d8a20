"""Reports: a case opens for the moderators, and its buttons take the steps that they name."""

import discord
import pytest
import simcord

from bot.chat.moderation.cases import CaseService
from bot.jobs.job import State
from bot.moderation.cases import RETRY_SECONDS, Escalation
from tests.chat.admin_harness import Server, said
from tests.chat.moderation.reports import (
    finished_order,
    gallery_of,
    in_channel,
    latest,
    message_of,
    messages_of,
    report,
    reported_result,
    said_in,
    take_step,
)
from tests.clocks import HeldClock
from tests.harness import eventually, texts
from tests.wording import wording


@pytest.fixture
async def log(server: Server) -> simcord.ChannelHandle:
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel)
    return channel


@pytest.fixture
def operator(server: Server, monkeypatch: pytest.MonkeyPatch) -> simcord.UserHandle:
    """Make a user an operator: the simulated Discord creates ids only once the bot has started."""
    user = server.stage.env.create_user("operator")
    server.guild.add_member(user)
    cases = server.stage.app.client.admin.cases
    for part in (cases, messages_of(cases)):
        monkeypatch.setattr(part, "_operators", [user.id])
    return user


@pytest.fixture
def moderator(server: Server) -> simcord.MemberActor:
    role = server.guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
    return server.guild.add_member(server.stage.env.create_user("mod"), roles=[role])


async def test_reports_of_one_job_open_one_case_in_the_log(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server.stage)
    witness, other = server.stage.another_member("w"), server.stage.another_member("o")
    assert wording("cases.thanks_log") in await report(server, reply, witness)
    known = await report(server, reply, other)
    assert wording("cases.known") in known
    case = await latest(log, "Report 1", f"<@{witness.id}>", f"<@{server.member.id}>")
    assert str(reply.id) in "\n".join(said_in(case))
    assert sum("Report" in "\n".join(said_in(each)) for each in log.history()) == 1


async def test_a_finished_job_is_logged_with_its_fingerprints_and_without_its_picture(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server.stage)
    job = await server.stage.job(reply)
    entry = await latest(log, "Face swap v5", f"<@{server.member.id}>", "Completed", job.id[-8:])
    fingerprints = await server.stage.app.store.moderation.fingerprints_of(job.id)
    assert set(fingerprints) == {"source_image", "target_image", "result"}
    assert all(each.exact[:8] in "\n".join(said_in(entry)) for each in fingerprints.values())
    assert entry.attachments == []
    server.stage.segmind.faults.next("submit", "blocked=RAI")
    await server.stage.finish(await server.stage.order("faceswap-v5"), "Blocked")
    await latest(log, "Blocked")


async def test_the_log_shows_pictures_if_the_server_wants_them(server: Server) -> None:
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel, pictures=True)
    await finished_order(server.stage)
    assert len((await latest(channel, "Face swap v5")).attachments) == 1


@pytest.mark.stage(safety={"open_reports": 1}, jobs={"per_member": 9})
async def test_the_open_reports_of_a_member_are_limited(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    witness, other = server.stage.another_member("w"), server.stage.another_member("o")
    first = await reported_result(server, witness)
    second = await finished_order(server.stage)
    assert wording("refused.reports.one") in await report(server, second, witness)
    assert wording("cases.known") in await report(server, first, witness)
    assert "Your report went to" in await report(server, second, other)
    # A job that somebody else has reported does not count as a report of their own.
    assert wording("cases.known") in await report(server, second, witness)
    await take_step(moderator, await latest(log, "Report 1"), "Dismiss")
    assert "Your report went to" in await report(server, await finished_order(server.stage), witness)


async def test_open_cases_are_listed_with_links_to_their_cards(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    assert wording("pages.empty") in await server.tell("cases")
    replies = [await reported_result(server) for _ in range(2)]
    cards = [await latest(log, f"Report {number}") for number in (1, 2)]
    listed = await server.tell("cases")
    assert all(f"[**Report {each}**]({card.jump_url})" in listed for each, card in enumerate(cards, 1))
    assert all([(await server.stage.job(reply)).id[-8:] in listed for reply in replies])
    await take_step(moderator, cards[0], "Dismiss")
    await latest(log, "Report 1", "Dismissed")
    listed = await server.tell("cases")
    assert "Report 2" in listed
    assert "Report 1" not in listed
    await server.tell("log", off=True)
    await reported_result(server)
    assert "**Report 3**" in (listed := await server.tell("cases"))
    assert "sent to the server's owner" in listed
    assert listed.index("Report 3") < listed.index("Report 2")


async def test_remove_deletes_the_message_and_the_output(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply = await reported_result(server)
    job = await server.stage.job(reply)
    await take_step(moderator, await latest(log, "Report"), "Remove")
    await latest(log, "Report", wording("cases.done_remove"))
    assert not in_channel(server.stage, reply)
    found = await server.stage.app.store.find(job.id)
    assert found is not None
    assert (found.state, found.output) == (State.DONE, None)
    assert await server.stage.app.store.discrepancies() == []
    assert [(actor, action) for actor, action, _ in await server.audit_entries()][-1] == (
        str(moderator.id),
        "remove",
    )


async def test_a_copy_of_a_listed_picture_is_rejected_until_it_is_forgiven(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    job = await server.stage.job(await reported_result(server))
    await take_step(moderator, await latest(log, "Report"), wording("cases.never"))
    await latest(log, wording("cases.done_never"))
    await (await server.stage.order("faceswap-v5")).refused(wording("refused.never_again"))
    assert "no such job" in (await server.tell("forgive", job="another")).lower()
    assert "are allowed again" in await server.tell("forgive", job=job.id[-8:])
    await (await server.stage.order("faceswap-v5")).says("Queued")


async def test_a_listed_result_is_refunded_and_not_shown(server: Server, log: simcord.ChannelHandle) -> None:
    stage = server.stage
    job = await stage.job(await finished_order(stage))
    result = (await stage.app.store.moderation.fingerprints_of(job.id))["result"]
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    await stage.app.store.moderation.ban_fingerprints([result], stage.guild.id, job.id)
    assert "You got 5 credits back" in await stage.finish(reply, "Not shown")
    assert reply.attachments == []
    assert "segmind" not in reply.text.lower()
    await latest(log, "Not shown")
    assert (await stage.app.store.balance(stage.account)).free == 95
    assert await stage.app.store.discrepancies() == []


async def test_the_member_is_blocked_and_the_case_dismissed(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply = await reported_result(server)
    await take_step(moderator, await latest(log, "Report"), "Block the member")
    await latest(log, wording("cases.done_block"))
    assert (await server.rules()).blocked == {server.member.id}
    await take_step(moderator, await latest(log, "Report"), "Dismiss")
    assert not any("custom_id" in str(each.to_dict()) for each in (await latest(log, "Dismissed")).components)
    assert in_channel(server.stage, reply)


async def test_only_administrators_refund(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    await reported_result(server)
    pressed = await moderator.click(await latest(log, "Report"), label=wording("cases.refund"))
    assert wording("refused.not_administrator") in said(pressed)
    assert await server.granted() == 95
    await take_step(server.admin, await latest(log, "Report"), wording("cases.refund"))
    await latest(log, wording("cases.done_refund"))
    assert await server.granted() == 100


async def test_the_buttons_need_the_permission_to_manage_messages(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await reported_result(server)
    eve = server.stage.another_member("eve")
    for label in ("Remove", wording("cases.never"), "Block the member", wording("cases.refund"), "Dismiss"):
        await eve.click(await latest(log, "Report"), label=label)
    assert in_channel(server.stage, reply)
    assert (await server.rules()).blocked == frozenset()
    assert [action for _, action, _ in await server.audit_entries()] == ["log"]
    assert "✔" not in "\n".join(said_in(await latest(log, "Report")))


async def test_members_delete_their_own_result_without_an_audit_entry(server: Server) -> None:
    reply = await finished_order(server.stage)
    pressed = await server.member.click(message_of(server.stage, reply), label="Delete")
    assert pressed.response is not None
    await server.member.click(pressed.response, label="Delete for everyone")
    assert wording("cases.gone") in said(pressed)
    assert not in_channel(server.stage, reply)
    assert await server.audit_entries() == []


async def test_a_result_sent_in_private_is_removed_there_too(server: Server) -> None:
    stage = server.stage
    reply = await stage.order("faceswap-v5", send_to_me=True)
    await stage.finish(reply, "Completed")
    direct = server.member.user.dm_channel
    await eventually(direct.history, lambda: "nothing was sent directly")
    sent = direct.history()[0]
    assert (await stage.app.store.moderation.posts_of((await stage.job(reply)).id)) == [(direct.id, sent.id)]
    asked = await server.member.user.click(sent, label="Delete")
    assert asked.response is not None
    await server.member.user.click(asked.response, label="Delete for everyone")
    assert direct.history() == []
    assert not in_channel(stage, reply)


async def test_without_a_log_the_case_goes_to_the_operators_who_decide_for_all_servers(
    server: Server, operator: simcord.UserHandle
) -> None:
    reply = await reported_result(server)
    job = await server.stage.job(reply)
    direct = operator.dm_channel
    await take_step(operator, await latest(direct, "Report"), wording("cases.never"))
    await take_step(operator, await latest(direct, wording("cases.done_never")), "Remove")
    await latest(direct, wording("cases.done_remove"))
    assert not in_channel(server.stage, reply)
    store = server.stage.app.store.moderation
    fingerprints = (await store.fingerprints_of(job.id)).values()
    assert (await store.find_banned([each.exact for each in fingerprints], None)).exact


async def test_an_overdue_case_is_passed_on_to_the_operators_once(
    server: Server, log: simcord.ChannelHandle, operator: simcord.UserHandle
) -> None:
    await reported_result(server)
    await latest(log, "Report")
    store, clock = server.stage.app.store, HeldClock()
    cases = server.stage.app.client.admin.cases
    assert isinstance(cases, CaseService)
    escalation = Escalation(store.cases, messages_of(cases), clock, hours=48)
    clock.move(47 * 3600)
    await escalation.run_once()
    assert operator.dm_channel.history() == []
    clock.move(3600)
    await escalation.run_once()
    await escalation.run_once()
    await latest(operator.dm_channel, "Report")
    assert len(operator.dm_channel.history()) == 1


async def test_a_report_says_what_is_wrong_and_others_add_to_it(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server.stage)
    witness, other = server.stage.another_member("w"), server.stage.another_member("o")
    await report(server, reply, witness, complaint="deceit", details="posted as a real photo @everyone")
    await latest(log, "It deceives or harasses someone", "`posted as a real photo @everyone`")
    await report(server, reply, other, details="this is me")
    card = await latest(log, f"<@{witness.id}>", f"<@{other.id}>", "`this is me`")
    assert len(card.attachments) == 1
    await report(server, reply, other, details="again")
    assert "again" not in "\n".join(said_in(await latest(log, "Report 1")))


async def test_a_case_shows_the_picture_covered_until_the_job_is_removed(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await reported_result(server)
    card = await latest(log, "Report 1")
    assert [each.filename.startswith("SPOILER_") for each in card.attachments] == [True]
    assert gallery_of(card)[0]["spoiler"]
    asked = await server.member.click(message_of(server.stage, reply), label="Delete")
    assert asked.response is not None
    await server.member.click(asked.response, label="Delete for everyone")
    card = await latest(log, "Report 1")
    assert (card.attachments, gallery_of(card)) == ([], [])
    assert "Dismiss" in str(card.components)


async def test_a_log_that_takes_no_files_gets_the_case_without_its_picture(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server.stage)
    await latest(log, "Completed")
    server.stage.env.inject_error("POST", f"/channels/{log.id}/messages", status=403, code=50013)
    said_to_reporter = await report(server, reply, server.stage.another_member("w"))
    assert wording("cases.thanks_log") in said_to_reporter
    assert (await latest(log, "Report 1")).attachments == []


async def test_a_picture_that_may_harm_a_child_is_not_copied(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await finished_order(server.stage)
    await report(server, reply, server.stage.another_member("w"))
    assert len((await latest(log, "Report 1")).attachments) == 1
    await report(server, reply, server.stage.another_member("o"), complaint="child")
    card = await latest(log, "Report 1", "It may harm a child", "Open the message to see it")
    assert card.attachments == []


async def test_a_step_is_taken_once_it_is_confirmed_and_keeps_its_note(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply = await reported_result(server)
    asked = await moderator.click(await latest(log, "Report"), label="Remove")
    assert asked.modal is not None
    assert "deletes every message" in str(asked.modal)
    assert in_channel(server.stage, reply)
    await moderator.submit_modal(asked, {"note": "as she asked"})
    card = await latest(log, wording("cases.done_remove"), f"<@{moderator.id}>", "`as she asked`")
    assert card.attachments == []
    assert not in_channel(server.stage, reply)
    assert "as she asked" in await server.tell("changes")


async def test_moderators_write_notes_without_a_decision(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    await reported_result(server)
    await take_step(moderator, await latest(log, "Report"), "Add a note", "I have asked them")
    card = await latest(log, f"<@{moderator.id}>", "`I have asked them`")
    assert len(card.attachments) == 1
    assert [action for _, action, _ in await server.audit_entries()] == ["log"]


async def test_without_a_log_and_operators_the_owner_is_told_and_decides(server: Server) -> None:
    reply, owner = await finished_order(server.stage), server.guild.owner
    said_to_reporter = await report(server, reply, server.stage.another_member("w"), details="this is me")
    assert wording("cases.thanks_owner") in said_to_reporter
    card = await latest(owner.dm_channel, "Report 1", "`this is me`")
    assert len(card.attachments) == 1
    await take_step(owner, card, "Remove", "at once")
    card = await latest(owner.dm_channel, wording("cases.done_remove"), "`at once`")
    assert card.attachments == []
    assert not in_channel(server.stage, reply)
    assert (await server.audit_entries())[-1][:2] == (str(owner.id), "remove")


async def test_a_report_that_reaches_nobody_says_so_and_is_sent_later(server: Server) -> None:
    faults = server.stage.env.backend.faults
    server.stage.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    reply, witness = await finished_order(server.stage), server.stage.another_member("w")
    assert wording("cases.thanks_nobody") in await report(server, reply, witness)
    assert "nobody reached yet" in await server.tell("cases")
    messages = messages_of(server.stage.app.client.admin.cases)
    escalation = Escalation(server.stage.app.store.cases, messages, HeldClock(), hours=48)
    faults.clear()
    await server.stage.execute(
        "UPDATE cases SET opened_at = opened_at - ?, escalated_at = escalated_at - ?",
        RETRY_SECONDS,
        RETRY_SECONDS,
    )
    await escalation.run_once()
    await latest(server.guild.owner.dm_channel, "Report 1")
    assert wording("cases.thanks_owner") in await report(server, reply, server.stage.another_member("o"))


async def test_only_the_owner_decides_about_a_case_in_direct_messages(
    server: Server, operator: simcord.UserHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = await reported_result(server)
    card = await latest(operator.dm_channel, "Report")
    cases = server.stage.app.client.admin.cases
    # The operator of the settings has changed since the card was sent.
    monkeypatch.setattr(cases, "_operators", [])
    refused = await take_step(operator, card, "Remove")
    assert wording("refused.not_moderator") in "\n".join(texts(refused.followups[0].components))
    assert in_channel(server.stage, reply)


async def test_a_job_that_is_removed_while_it_runs_is_never_shown(server: Server) -> None:
    reply = await server.stage.order("faceswap-v5")
    await reply.says("Queued")
    job = await server.stage.job(reply)
    await server.stage.app.store.moderation.take_down(job.id, "7")
    assert "You got 5 credits back" in await server.stage.finish(reply, "Not shown")
    assert reply.attachments == []
