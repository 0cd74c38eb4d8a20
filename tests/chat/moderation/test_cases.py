"""Reports: a case opens for the moderators, and its buttons take the steps that they name."""

from typing import Any

import discord
import pytest
import simcord

from bot.chat.moderation.cases import CaseService
from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.text import Text
from bot.jobs.job import State
from bot.moderation.cases import Escalation
from tests.chat.admin_harness import Server, said
from tests.clocks import HeldClock
from tests.harness import Reply, Stage, eventually, texts


@pytest.fixture
async def log(server: Server) -> simcord.ChannelHandle:
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel)
    return channel


@pytest.fixture
def operator(server: Server, monkeypatch: pytest.MonkeyPatch) -> simcord.UserHandle:
    """Make a user an operator: the simulated Discord creates ids only once the bot has started."""
    app = server.stage.app
    user = server.stage.env.create_user("operator")
    server.guild.add_member(user)
    alerts = OperatorAlerts([user.id], client=app.client, background=app.background, text=Text.load())
    monkeypatch.setattr(app.client.admin.cases, "_operators", [user.id])
    monkeypatch.setattr(app.client.admin.cases, "_tell_operators", alerts.show)
    return user


@pytest.fixture
def moderator(server: Server) -> simcord.MemberActor:
    role = server.guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
    return server.guild.add_member(server.stage.env.create_user("mod"), roles=[role])


async def done(stage: Stage) -> Reply:
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    return reply


async def latest(channel: simcord.ChannelHandle, *words: str) -> Any:
    """Wait for the newest message of a channel that contains these words."""

    def found() -> Any:
        for message in reversed(channel.history()):
            if all(word in "\n".join(said_in(message)) for word in words):
                return message
        return None

    return await eventually(found, lambda: f"{words} in {[said_in(each) for each in channel.history()]}")


def said_in(message: Any) -> list[str]:
    return [each for component in message.components for each in texts(component.to_dict())]


async def reported(server: Server, by: simcord.MemberActor | None = None) -> Reply:
    reply = await done(server.stage)
    await report(server, reply, by or server.stage.another_member("witness"))
    return reply


async def report(server: Server, reply: Reply, by: simcord.MemberActor) -> str:
    return said(await by.click(message_of(server.stage, reply), label="Report"))


def message_of(stage: Stage, reply: Reply) -> discord.Message:
    return next(each for each in stage.channel.history() if each.id == reply.id)


def in_channel(stage: Stage, reply: Reply) -> bool:
    return any(each.id == reply.id for each in stage.channel.history())


async def test_reports_of_one_job_open_one_case_in_the_log(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await done(server.stage)
    witness, other = server.stage.another_member("w"), server.stage.another_member("o")
    assert "passed on to those who decide" in await report(server, reply, witness)
    assert "is being looked at" in await report(server, reply, other)
    case = await latest(log, "Report 1", f"<@{witness.id}>", f"<@{server.member.id}>")
    assert str(reply.id) in "\n".join(said_in(case))
    assert sum("Report" in "\n".join(said_in(each)) for each in log.history()) == 1


async def test_a_finished_job_is_logged_with_its_fingerprints_and_without_its_picture(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await done(server.stage)
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
    await done(server.stage)
    assert len((await latest(channel, "Face swap v5")).attachments) == 1


@pytest.mark.stage(safety={"open_reports": 1}, jobs={"per_member": 9})
async def test_the_open_reports_of_a_member_are_limited(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    witness, other = server.stage.another_member("w"), server.stage.another_member("o")
    first = await reported(server, witness)
    second = await done(server.stage)
    assert "once somebody has dealt with it" in await report(server, second, witness)
    assert "is being looked at" in await report(server, first, witness)
    assert "passed on" in await report(server, second, other)
    # A job that somebody else has reported does not count as a report of their own.
    assert "is being looked at" in await report(server, second, witness)
    await moderator.click(await latest(log, "Report 1"), label="Dismiss")
    assert "passed on" in await report(server, await done(server.stage), witness)


async def test_open_cases_are_listed_with_links_to_their_cards(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    assert "There is nothing yet" in await server.tell("cases")
    replies = [await reported(server) for _ in range(2)]
    cards = [await latest(log, f"Report {number}") for number in (1, 2)]
    listed = await server.tell("cases")
    assert all(f"[**Report {each}**]({card.jump_url})" in listed for each, card in enumerate(cards, 1))
    assert all([(await server.stage.job(reply)).id[-8:] in listed for reply in replies])
    await moderator.click(cards[0], label="Dismiss")
    await latest(log, "Report 1", "Dismissed")
    listed = await server.tell("cases")
    assert "Report 2" in listed
    assert "Report 1" not in listed
    await server.tell("log", off=True)
    await reported(server)
    assert "**Report 3**" in (listed := await server.tell("cases"))
    assert "lies with the operator" in listed
    assert listed.index("Report 3") < listed.index("Report 2")


async def test_remove_deletes_the_message_and_the_output(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply = await reported(server)
    job = await server.stage.job(reply)
    await moderator.click(await latest(log, "Report"), label="Remove")
    await latest(log, "Report", "Its messages were removed")
    assert not in_channel(server.stage, reply)
    found = await server.stage.app.store.find(job.id)
    assert found is not None
    assert (found.state, found.output) == (State.DONE, None)
    assert await server.stage.app.store.audit() == []
    assert [(actor, action) for actor, action, _ in await server.audit_entries()][-1] == (
        str(moderator.id),
        "remove",
    )


async def test_a_copy_of_a_listed_picture_is_rejected_until_it_is_forgiven(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    job = await server.stage.job(await reported(server))
    await moderator.click(await latest(log, "Report"), label="Never again")
    await latest(log, "are refused from now on")
    await (await server.stage.order("faceswap-v5")).refused("moderators do not allow this picture")
    assert "no such job" in (await server.tell("forgive", job="another")).lower()
    assert "are allowed again" in await server.tell("forgive", job=job.id[-8:])
    await (await server.stage.order("faceswap-v5")).says("Queued")


async def test_a_listed_result_is_charged_and_not_shown(server: Server, log: simcord.ChannelHandle) -> None:
    stage = server.stage
    job = await stage.job(await done(stage))
    result = (await stage.app.store.moderation.fingerprints_of(job.id))["result"]
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    await stage.app.store.moderation.list_fingerprints([result], stage.guild.id, job.id)
    assert "5 credits" in await stage.finish(reply, "Not shown")
    assert reply.attachments == []
    assert "segmind" not in reply.text.lower()
    await latest(log, "Not shown")
    assert (await stage.app.store.balance(stage.account)).free == 90
    assert await stage.app.store.audit() == []


async def test_the_member_is_blocked_and_the_case_dismissed(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    reply = await reported(server)
    await moderator.click(await latest(log, "Report"), label="Block the member")
    await latest(log, "may not use the bot here any more")
    assert (await server.rules()).blocked == {server.member.id}
    await moderator.click(await latest(log, "Report"), label="Dismiss")
    assert not any("custom_id" in str(each.to_dict()) for each in (await latest(log, "Dismissed")).components)
    assert in_channel(server.stage, reply)


async def test_only_administrators_refund(
    server: Server, log: simcord.ChannelHandle, moderator: simcord.MemberActor
) -> None:
    await reported(server)
    pressed = await moderator.click(await latest(log, "Report"), label="Give credits back")
    assert "may manage messages" in "\n".join(texts(pressed.followups[0].components))
    assert await server.granted() == 95
    await server.admin.click(await latest(log, "Report"), label="Give credits back")
    await latest(log, "The credits were given back")
    assert await server.granted() == 100


async def test_the_buttons_need_the_permission_to_manage_messages(
    server: Server, log: simcord.ChannelHandle
) -> None:
    reply = await reported(server)
    eve = server.stage.another_member("eve")
    for label in ("Remove", "Never again", "Block the member", "Give credits back", "Dismiss"):
        await eve.click(await latest(log, "Report"), label=label)
    assert in_channel(server.stage, reply)
    assert (await server.rules()).blocked == frozenset()
    assert [action for _, action, _ in await server.audit_entries()] == ["log"]
    assert "✔" not in "\n".join(said_in(await latest(log, "Report")))


async def test_members_delete_their_own_result_without_an_audit_entry(server: Server) -> None:
    reply = await done(server.stage)
    pressed = await server.member.click(message_of(server.stage, reply), label="Delete")
    assert pressed.response is not None
    await server.member.click(pressed.response, label="Delete for everyone")
    assert "It was removed" in said(pressed)
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
    reply = await reported(server)
    job = await server.stage.job(reply)
    direct = operator.dm_channel
    await operator.click(await latest(direct, "Report"), label="Never again")
    await operator.click(await latest(direct, "are refused from now on"), label="Remove")
    await latest(direct, "Its messages were removed")
    assert not in_channel(server.stage, reply)
    store = server.stage.app.store.moderation
    fingerprints = (await store.fingerprints_of(job.id)).values()
    assert (await store.find_listed([each.exact for each in fingerprints], None)).exact


async def test_an_overdue_case_is_passed_on_to_the_operators_once(
    server: Server, log: simcord.ChannelHandle, operator: simcord.UserHandle
) -> None:
    await reported(server)
    await latest(log, "Report")
    store, clock = server.stage.app.store, HeldClock()
    cases = server.stage.app.client.admin.cases
    assert isinstance(cases, CaseService)
    escalation = Escalation(store.cases, cases.pass_on, clock, hours=48)
    clock.move(47 * 3600)
    await escalation.run_once()
    assert operator.dm_channel.history() == []
    clock.move(3600)
    await escalation.run_once()
    await escalation.run_once()
    await latest(operator.dm_channel, "Report")
    assert len(operator.dm_channel.history()) == 1


async def test_a_job_that_is_removed_while_it_runs_is_never_shown(server: Server) -> None:
    reply = await server.stage.order("faceswap-v5")
    await reply.says("Queued")
    job = await server.stage.job(reply)
    await server.stage.app.store.moderation.take_down(job.id, "7")
    assert "5 credits" in await server.stage.finish(reply, "Not shown")
    assert reply.attachments == []
