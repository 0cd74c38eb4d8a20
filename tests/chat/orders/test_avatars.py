"""Members swap with avatars that others share, until the owner withdraws the consent."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
import simcord

from bot.chat.text import Text
from bot.jobs.job import Reason, State
from tests.chat.admin_harness import said
from tests.chat.orders.forms import TARGET, fields
from tests.chat.orders.own_faces import width_sent
from tests.harness import Reply, Stage, eventually
from tests.media.files import picture
from tests.wording import wording

MENU = "Swap with this member"
REROLL = Text.load()("buttons.reroll")
HASH = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def user(stage: Stage) -> simcord.UserHandle:
    return stage.env.create_user("eve", avatar=HASH)


@pytest.fixture
def eve(stage: Stage, user: simcord.UserHandle) -> simcord.MemberActor:
    """A member with an avatar."""
    member = stage.guild.add_member(user)
    cdn = stage.env.backend.cdn
    address = f"https://cdn.discordapp.com/avatars/{member.id}/{HASH}.png?size=1024"
    cast("dict[str, bytes]", vars(cdn)["_blobs"])[address] = picture("PNG", 128, 128)
    return member


async def share(stage: Stage, member: simcord.MemberActor, *, notify: bool = False) -> str:
    return said(await member.slash(stage.channel, "privacy avatar on", notify=notify))


async def order_with_avatar_of(stage: Stage, owner: simcord.MemberActor, **values: Any) -> Reply:
    form = await stage.member.context_menu(stage.channel, MENU, owner)
    return Reply(
        stage.env, await stage.member.submit_modal(form, {"target": TARGET, "path": "fast"} | values)
    )


def listed(shown: simcord.InteractionResult) -> list[Mapping[str, Any]]:
    """The rows of a list that have a button."""
    assert shown.response is not None
    (box,) = shown.response.components
    return [each for each in box["components"] if each["type"] == 9]


async def test_an_avatar_is_the_face_once_its_member_shares_it(
    stage: Stage, eve: simcord.MemberActor
) -> None:
    refused = Reply(stage.env, await stage.member.context_menu(stage.channel, MENU, eve))
    await refused.refused("doesn't share their avatar", "`/privacy avatar on`")
    assert wording("avatar.shared") in await share(stage, eve)
    form = await stage.member.context_menu(stage.channel, MENU, eve)
    assert "face" not in fields(form)
    reply = await order_with_avatar_of(stage, eve)
    await stage.finish(reply, "Completed")
    assert await width_sent(stage) == 128
    assert (await stage.job(reply)).avatar_of == eve.id


async def test_consent_holds_for_one_server_and_falls_with_an_opt_out(
    stage: Stage, user: simcord.UserHandle, eve: simcord.MemberActor
) -> None:
    await share(stage, eve)
    elsewhere = stage.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("swaps")
    bob = elsewhere.add_member(stage.env.create_user("bob"))
    there = Reply(stage.env, await bob.context_menu(channel, MENU, elsewhere.add_member(user)))
    await there.refused("doesn't share their avatar")
    await eve.slash(stage.channel, "privacy optout")
    here = Reply(stage.env, await stage.member.context_menu(stage.channel, MENU, eve))
    await here.refused("doesn't share their avatar")


async def test_a_member_without_an_avatar_is_named(stage: Stage) -> None:
    bob = stage.another_member("bob")
    await share(stage, bob)
    reply = Reply(stage.env, await stage.member.context_menu(stage.channel, MENU, bob))
    await reply.refused(wording("refused.no_avatar"))


async def test_whoever_withdraws_while_the_job_runs_is_not_shown_and_the_price_comes_back(
    stage: Stage, eve: simcord.MemberActor
) -> None:
    await share(stage, eve)
    reply = await order_with_avatar_of(stage, eve)
    await reply.says("Queued")
    assert "Nobody in this server" in said(await eve.slash(stage.channel, "privacy avatar off"))
    await stage.finish(reply, wording("state.unshared"), wording("end.unshared"), "5 credits back")
    job = await stage.wait_until_told(reply)
    assert (job.state, job.reason, job.output) == (State.DONE, Reason.WITHHELD, None)
    assert not reply.attachments
    assert (await stage.app.store.balance(stage.account)).free == 100
    assert await stage.app.store.discrepancies() == []


@pytest.mark.stage(jobs={"per_server": 1})
async def test_an_order_that_waits_is_cancelled_when_the_avatar_is_withdrawn(
    stage: Stage, eve: simcord.MemberActor
) -> None:
    await share(stage, eve)
    first = await stage.order_as(stage.another_member("bob"), "faceswap-v5")
    await first.says("Queued")
    waiting = await order_with_avatar_of(stage, eve)
    await waiting.says("Waiting in line")
    await eve.slash(stage.channel, "privacy avatar off")
    await waiting.says("Cancelled")
    assert len(stage.segmind.submissions) == 1
    balance = await stage.app.store.balance(stage.account)
    assert (balance.free, balance.held) == (100, 0)


async def test_again_asks_for_the_consent_anew(stage: Stage, eve: simcord.MemberActor) -> None:
    await share(stage, eve)
    reply = await order_with_avatar_of(stage, eve)
    await stage.finish(reply, "Completed")
    again = Reply(stage.env, await stage.member.click(stage.channel.history()[-1], label=REROLL))
    await stage.finish(again, "Completed")
    assert (await stage.job(again)).avatar_of == eve.id
    await eve.slash(stage.channel, "privacy avatar off")
    for attempt in (
        stage.member.click(stage.channel.history()[-1], label=REROLL),
        stage.member.slash(stage.channel, "again"),
    ):
        await Reply(stage.env, await attempt).refused("doesn't share their avatar")
    own_face = await stage.member.slash(stage.channel, "again", source=("a.png", picture("PNG")))
    reply = Reply(stage.env, own_face)
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).avatar_of is None


async def test_a_member_finds_and_removes_what_was_made_with_their_avatar(
    stage: Stage, eve: simcord.MemberActor
) -> None:
    await share(stage, eve)
    reply = await order_with_avatar_of(stage, eve)
    await stage.finish(reply, "Completed")
    await stage.wait_until_told(reply)
    shown = await eve.slash(stage.channel, "privacy avatar uses")
    (row,), message_id = listed(shown), reply.id
    assert f"<@{stage.member.id}>" in str(row)
    assert str(message_id) in str(row)
    assert shown.response is not None
    await eve.click(shown.response, label="Remove")
    assert message_id not in {each.id for each in stage.channel.history()}
    assert not listed(await eve.slash(stage.channel, "privacy avatar uses"))
    assert not listed(await stage.member.slash(stage.channel, "privacy avatar uses"))


async def test_the_owner_of_the_avatar_removes_a_result_with_its_own_button(
    stage: Stage, eve: simcord.MemberActor
) -> None:
    await share(stage, eve)
    reply = await order_with_avatar_of(stage, eve)
    await stage.finish(reply, "Completed")
    message = stage.channel.history()[-1]
    mallory = await stage.another_member("mallory").click(message, label="Delete")
    assert wording("refused.not_your_order") in said(mallory)
    question = await eve.click(message, label="Delete")
    assert question.response is not None
    await eve.click(question.response, label="Delete for everyone")
    assert message.id not in {each.id for each in stage.channel.history()}


async def test_a_direct_message_tells_of_each_use_where_the_member_wants_it(
    stage: Stage, user: simcord.UserHandle, eve: simcord.MemberActor
) -> None:
    await share(stage, eve, notify=True)
    reply = await order_with_avatar_of(stage, eve)
    await stage.finish(reply, "Completed")

    def told() -> Any:
        return next(iter(user.dm_channel.history()), None)

    message = await eventually(told, lambda: "a direct message")
    assert f"<@{stage.member.id}> made this with your avatar and Face swap v5" in str(message.components)


async def test_a_deletion_of_the_owners_data_ends_the_use(stage: Stage, eve: simcord.MemberActor) -> None:
    await share(stage, eve)
    reply = await order_with_avatar_of(stage, eve)
    await reply.says("Queued")
    question = await eve.slash(stage.channel, "privacy delete")
    assert question.response is not None
    await eve.click(question.response, label="Delete everything")
    await stage.finish(reply, wording("state.unshared"), wording("end.unshared"))
