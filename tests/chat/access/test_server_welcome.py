"""A new server: whoever added the bot learns once how to set it up."""

import discord
import pytest
import simcord

from bot.chat.access.server_welcome import ServerWelcome
from tests.chat.admin_harness import said
from tests.chat.moderation.reports import latest
from tests.harness import Stage
from tests.wording import wording

WELCOME = pytest.mark.stage(discord={"edit_gap": 0, "welcome": True})


async def arrive(stage: Stage, guild: simcord.GuildHandle) -> None:
    """Send the event with which Discord tells of a new server, as the simulated one does not."""
    found = stage.app.client.get_guild(guild.id)
    assert found is not None
    stage.app.client.dispatch("guild_join", found)


@WELCOME
async def test_the_owner_of_a_new_server_learns_how_to_set_it_up(stage: Stage) -> None:
    owner = stage.env.create_user("owner")
    guild = stage.env.create_guild("New `place`", owner=owner)
    await arrive(stage, guild)
    card = await latest(owner.dm_channel, "`New 'place'`", "`/admin setup`")
    assert f"https://discord.com/channels/{guild.id}" in str([each.to_dict() for each in card.components])
    assert len(owner.dm_channel.history()) == 1


@WELCOME
async def test_the_member_who_added_the_bot_is_told_where_the_audit_log_may_be_read(stage: Stage) -> None:
    owner, inviter = stage.env.create_user("owner"), stage.env.create_user("inviter")
    guild = stage.env.create_guild("New", owner=owner)
    bot = stage.app.client.user
    assert bot is not None
    action = discord.AuditLogAction.bot_add.value
    for target, user in ((7, owner), (bot.id, inviter)):
        stage.env.backend.record_audit_log(guild.id, action, target_id=target, user_id=user.id)
    await arrive(stage, guild)
    await latest(inviter.dm_channel, "`/admin setup`")
    assert owner.dm_channel.history() == []


@WELCOME
async def test_where_direct_messages_are_closed_the_system_channel_has_a_button(stage: Stage) -> None:
    stage.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    role = stage.guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    admin = stage.guild.add_member(stage.env.create_user("ada"), roles=[role])
    stage.env.backend.get_guild(stage.guild.id).system_channel_id = stage.channel.id
    found = stage.app.client.get_guild(stage.guild.id)
    assert found is not None
    found._system_channel_id = stage.channel.id  # pyright: ignore[reportPrivateUsage]
    await arrive(stage, stage.guild)
    card = await latest(stage.channel, "Set up your face swap bot")
    assert "Step 1 of 4" in said(await admin.click(card, label="Set up the bot"))
    assert wording("refused.not_administrator") in said(
        await stage.member.click(card, label="Set up the bot")
    )


@pytest.mark.stage(discord={"edit_gap": 0, "welcome": True, "servers": ["81384788765712384"]})
async def test_a_server_that_is_not_allowed_is_not_welcomed(stage: Stage) -> None:
    assert any(isinstance(each, ServerWelcome) for each in stage.app.listeners)
    owner = stage.env.create_user("owner")
    await arrive(stage, stage.env.create_guild("Unwanted", owner=owner))
    await stage.app.background.close()
    assert owner.dm_channel.history() == []
