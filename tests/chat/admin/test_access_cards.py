"""Blocked members, channels, roles and listed pictures keep orders out."""

import sqlite3
from contextlib import closing

import discord
import pytest

from bot.media.probe import fingerprint_of
from bot.media.types import Limits
from tests.chat.admin_harness import Server
from tests.harness import Reply, Stage
from tests.media.files import noise, picture, saved
from tests.wording import wording


async def test_a_blocked_member_cannot_order_until_unblocked(server: Server) -> None:
    assert f"<@{server.member.id}> can't use the bot any more." in await server.tell(
        "block", member=server.member, reason="rude"
    )
    await (await server.stage.order("faceswap-v5")).refused(wording("refused.blocked_here"))
    assert str(server.member.id) in await server.tell("channels")
    await server.tell("unblock", member=server.member)
    await (await server.stage.order("faceswap-v5")).says("Queued")
    assert [(action, facts) for _, action, facts in await server.audit_entries()] == [
        ("block", {"member": server.member.id, "reason": "rude"}),
        ("unblock", {"member": server.member.id}),
    ]


async def test_a_channel_is_switched_off_and_another_is_the_only_one(server: Server) -> None:
    await server.tell("channels", channel=server.channel, use="off")
    await (await server.stage.order("faceswap-v5")).refused(wording("refused.channel"))
    await server.tell("channels", channel=server.channel, use="only")
    await (await server.stage.order("faceswap-v5")).says("Queued")
    await server.tell("channels", channel=server.guild.create_text_channel("art"), use="only")
    await server.tell("channels", channel=server.channel, use="unset")
    await (await server.stage.order("faceswap-v5")).refused(wording("refused.channel"))


async def test_a_role_is_required_or_excluded(server: Server) -> None:
    role = server.guild.create_role("Artists")
    await server.tell("roles", role=role, use="only")
    await (await server.stage.order("faceswap-v5")).refused("members with certain roles")
    artist = server.guild.add_member(server.stage.env.create_user("art"), roles=[role])
    await (await server.stage.order_as(artist, "faceswap-v5")).says("Queued")
    await server.tell("roles", role=role, use="off")
    await (await server.stage.order_as(artist, "faceswap-v5")).refused("members with certain roles")
    assert f"Not for: <@&{role.id}>" in await server.tell("roles")


def age_restrict(stage: Stage) -> None:
    """Mark the channel as age-restricted in the bot's cache; the simulated Discord has no such channels."""
    channel = stage.app.client.get_channel(stage.channel.id)
    assert isinstance(channel, discord.TextChannel)
    channel.nsfw = True


async def test_orders_in_age_restricted_channels_are_refused(stage: Stage) -> None:
    age_restrict(stage)
    await (await stage.order("faceswap-v5")).refused(wording("refused.age_restricted"))


@pytest.mark.stage(safety={"nsfw_channels": True})
async def test_the_operator_can_allow_age_restricted_channels(stage: Stage) -> None:
    age_restrict(stage)
    await (await stage.order("faceswap-v5")).says("Queued")


async def test_repeated_content_blocks_suspend_a_member(stage: Stage) -> None:
    for _ in range(3):
        stage.segmind.faults.next("submit", "blocked=Content blocked by RAI policy")
        await stage.finish(await stage.order("faceswap-v5"), "Blocked")
    await (await stage.order("faceswap-v5")).refused(wording("refused.resting"))
    other = stage.another_member("eve")
    await (await stage.order_as(other, "faceswap-v5")).says("Queued")


async def test_a_listed_picture_and_its_copies_are_rejected(stage: Stage) -> None:
    await stage.app.store.moderation.ban_fingerprints(
        [fingerprint_of(picture("PNG"), Limits())], stage.guild.id, "a-job"
    )
    for copy in (picture("PNG"), saved(noise().resize((192, 144)), "JPEG", quality=80)):
        reply = await stage.order("faceswap-v5", target_image=("b.png", copy), source_image=("a.png", OTHER))
        assert "picture or video in `target_image`" in await reply.refused(wording("refused.never_again"))
    assert len(stage.segmind.submissions) == 0
    await (
        await stage.order("faceswap-v5", target_image=("b.png", OTHER), source_image=("a.png", OTHER))
    ).says("Queued")


async def test_the_fingerprints_of_an_order_are_stored(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    fingerprints = await stage.app.store.moderation.fingerprints_of((await stage.job(reply)).id)
    assert fingerprints == {
        name: fingerprint_of(picture("PNG"), Limits()) for name in ("source_image", "target_image")
    }


async def test_no_order_is_taken_while_the_moderation_store_is_unreadable(stage: Stage) -> None:
    await stage.execute("ALTER TABLE people RENAME TO elsewhere")
    reply = await stage.order("faceswap-v5")
    await reply.refused("it takes no orders")
    with closing(sqlite3.connect(stage.database)) as database:
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


OTHER = saved(noise(96, 72).rotate(90, expand=True), "PNG")


async def test_a_thread_has_the_rules_of_its_channel(server: Server) -> None:
    stage = server.stage
    channel = stage.app.client.get_channel(stage.channel.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.create_thread(name="a thread", type=discord.ChannelType.public_thread)
    (thread,) = stage.channel.threads
    await server.tell("channels", channel=server.channel, use="off")
    reply = Reply(stage.env, await stage.member.slash(thread, "faceswap-v5", **stage.files("faceswap-v5")))
    await reply.refused(wording("refused.channel"))
    age_restrict(stage)
    reply = Reply(stage.env, await stage.member.slash(thread, "faceswap-v5", **stage.files("faceswap-v5")))
    await reply.refused(wording("refused.age_restricted"))
