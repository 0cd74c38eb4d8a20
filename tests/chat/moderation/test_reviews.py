"""Results that moderators see first: faces of strangers, and files that the safety gate doubts."""

import pytest
import simcord

from tests.chat.admin_harness import Server
from tests.chat.moderation.approvals.waiting import (
    a_moderator,
    shown_pictures,
    until_delivered,
    waiting_result,
)
from tests.chat.moderation.reports import latest, message_of, said_in
from tests.chat.moderation.test_safety_gate import return_as_result
from tests.chat.orders.own_faces import EVA, KEY
from tests.harness import Reply
from tests.media.files import picture
from tests.media.test_safety_gate import MISTAKEN
from tests.wording import wording

IN_DOUBT = pytest.mark.stage(safety={"explicit": 0.95, "doubtful": 0.5})
TARGET = ("target.png", MISTAKEN)


@pytest.fixture
async def log(server: Server) -> simcord.ChannelHandle:
    channel = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=channel)
    return channel


@pytest.mark.stage(faces={"key": KEY})
async def test_only_results_with_faces_of_strangers_wait_if_the_server_wants_that(
    server: Server, log: simcord.ChannelHandle
) -> None:
    stage, member = server.stage, server.member
    assert "unless the face is a saved one" in await server.tell("approve", strangers=True)
    assert wording("entry.approve_others") in await server.tell("approve")
    await member.slash(stage.channel, "face save", name="Eva", picture=EVA)
    target = {"target_image": ("a.png", picture("PNG"))}
    own = Reply(stage.env, await member.slash(stage.channel, "faceswap-v5", face="Eva", **target))
    await stage.finish(own, "Completed")
    # The same face again is still a saved one.
    again = Reply(stage.env, await member.click(message_of(stage, own), label="Reroll"))
    await stage.finish(again, "Completed")

    reply, card = await waiting_result(server, log)
    assert wording("approval.stranger") in "\n".join(said_in(card))
    await a_moderator(server).click(card, label="Approve")
    await reply.says("Completed")
    await server.tell("approve", strangers=False)
    await stage.finish(await stage.order("faceswap-v5"), "Completed")


async def test_a_log_is_needed_to_look_at_strangers(server: Server, log: simcord.ChannelHandle) -> None:
    await server.tell("log", off=True)
    assert "/admin log" in await server.tell("approve", strangers=True)
    await server.tell("log", channel=log)
    await server.tell("approve", strangers=True)
    await server.tell("log", off=True)
    assert (await server.rules()).log_channel == log.id


@IN_DOUBT
async def test_a_doubtful_file_waits_for_moderators_or_is_refused_where_there_are_none(
    server: Server,
) -> None:
    reply = await server.stage.order("faceswap-v5", target_image=TARGET)
    await reply.refused("`target.png` sexually explicit")
    log = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=log)
    reply, card = await waiting_result(server, log, target_image=TARGET)
    assert wording("approval.doubtful") in "\n".join(said_in(card))
    assert [each["spoiler"] for each in shown_pictures(card)] == [True]
    await a_moderator(server).click(card, label="Approve")
    await reply.says("Completed")
    assert len(reply.attachments) == 1
    await server.stage.finish(await server.stage.order("faceswap-v5"), "Completed")


@IN_DOUBT
async def test_a_doubtful_result_waits_for_moderators_and_is_given_back_if_they_reject_it(
    server: Server, log: simcord.ChannelHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_as_result(monkeypatch, MISTAKEN)
    reply, card = await waiting_result(server, log)
    assert wording("approval.doubtful") in "\n".join(said_in(card))
    await a_moderator(server).click(card, label="Reject")
    await latest(log, "Rejected")
    await reply.says(wording("end.rejected"))
    await until_delivered(server, reply)
    assert reply.attachments == []
    assert (await server.stage.app.store.balance(server.account)).free == 100


@IN_DOUBT
async def test_a_doubtful_result_is_withheld_where_nobody_can_be_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_as_result(monkeypatch, MISTAKEN)
    reply = await server.stage.order("faceswap-v5", target_image=("a.png", picture("PNG")))
    await server.stage.finish(reply, wording("end.filtered"))


@pytest.mark.stage(safety={"explicit": 0.7, "unjudged": "ask"})
async def test_moderators_decide_about_a_result_that_the_gate_cannot_judge(
    server: Server, log: simcord.ChannelHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_as_result(monkeypatch, MISTAKEN[:600])
    _, card = await waiting_result(server, log)
    assert shown_pictures(card) == []
    assert wording("approval.doubtful") in "\n".join(said_in(card))


@pytest.mark.stage(safety={"explicit": 0.7, "unjudged": "show"})
async def test_a_result_that_the_gate_cannot_judge_is_shown_if_the_operator_wants_that(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_as_result(monkeypatch, MISTAKEN[:600])
    reply = await server.stage.order("faceswap-v5")
    assert "safety check" not in await server.stage.finish(reply, "Completed")
