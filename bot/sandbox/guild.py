"""Server of the simulated Discord: its channels and people."""

from dataclasses import dataclass
from typing import Self

import discord
import simcord

from bot.sandbox.avatars import BOT, AvatarCdn


@dataclass(frozen=True, slots=True)
class Guild:
    """The simulated server with its channels and people."""

    id: int
    channel: simcord.ChannelHandle
    news: simcord.ChannelHandle
    """Channel that only the administrator may write to."""
    moderators: simcord.ChannelHandle
    """Channel that members do not see."""
    pictures: simcord.ChannelHandle
    """Channel with pictures that a member posted."""
    member: simcord.MemberActor
    administrator: simcord.MemberActor
    moderator: simcord.MemberActor

    @property
    def channels(self) -> list[simcord.ChannelHandle]:
        return [self.channel, self.pictures, self.news, self.moderators]

    @property
    def people(self) -> list[simcord.MemberActor]:
        return [self.member, self.administrator, self.moderator]

    @classmethod
    def create(cls, env: simcord.Env) -> Self:
        """Create the server before the simulated clock moves.

        SimCord makes ids from its clock, so the server and its members keep their ids after a restart, and
        the member finds their credits again. What is new comes last, because it would move the ids after it.
        """
        env.backend.cdn = AvatarCdn()
        env.backend.bot_user.avatar = BOT
        guild = env.create_guild("Doppel's sandbox")
        channel = guild.create_text_channel("faceswap", topic="Type /swap to begin")
        admin_role = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        member = guild.add_member(env.create_user("robin", global_name="Robin", avatar="robin"))
        administrator = guild.add_member(
            env.create_user("ada", global_name="Ada (administrator)", avatar="ada"), roles=[admin_role]
        )
        moderator_role = guild.create_role(
            "Moderators", permissions=discord.Permissions(manage_messages=True)
        )
        moderator = guild.add_member(
            env.create_user("mika", global_name="Mika (moderator)", avatar="mika"), roles=[moderator_role]
        )
        everyone = guild.default_role
        news = guild.create_text_channel(
            "news",
            topic="Members read here; they may not write or use commands",
            overwrites={
                everyone: discord.PermissionOverwrite(send_messages=False, use_application_commands=False)
            },
        )
        moderators = guild.create_text_channel(
            "moderators",
            topic="Reports arrive here; members do not see this channel",
            overwrites={
                everyone: discord.PermissionOverwrite(view_channel=False),
                moderator_role: discord.PermissionOverwrite(view_channel=True),
                guild.roles[env.backend.bot_user.name]: discord.PermissionOverwrite(view_channel=True),
            },
        )
        pictures = guild.create_text_channel("pictures", topic="Right-click a message for the bot's menus")
        return cls(
            guild.id,
            channel=channel,
            news=news,
            moderators=moderators,
            pictures=pictures,
            member=member,
            administrator=administrator,
            moderator=moderator,
        )
