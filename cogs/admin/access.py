"""`/admin block`, `unblock`, `channels` and `roles`: who can use the bot, and where."""

import discord
from discord import app_commands

from bot.administration.access import AccessMode
from bot.chat.interactions import Interaction
from cogs.admin.base import AdminCommands, Channel, Reason

USES = [
    app_commands.Choice(name="allow, and block what isn't allowed", value=AccessMode.ONLY),
    app_commands.Choice(name="block", value=AccessMode.OFF),
    app_commands.Choice(name="no rule", value=AccessMode.UNSET),
]


class AccessCommands(AdminCommands):
    """Commands about access."""

    @app_commands.command(description="Block a member from using the bot here")
    @app_commands.describe(member="Member to block or unblock", reason="Reason, which administrators can see")
    async def block(self, interaction: Interaction, member: discord.User, reason: Reason = "") -> None:
        by = await self.authorize(interaction)
        await self.confirm(interaction, await self._access_admin.block(by, member.id, reason))

    @app_commands.command(description="Unblock a member")
    @app_commands.describe(member="Member to block or unblock")
    async def unblock(self, interaction: Interaction, member: discord.User) -> None:
        by = await self.authorize(interaction)
        await self.confirm(interaction, await self._access_admin.unblock(by, member.id))

    @app_commands.command(description="Show where the bot works, or allow or block a channel")
    @app_commands.describe(channel="Channel, including its threads", use="Rule for this channel")
    @app_commands.choices(use=USES)
    async def channels(
        self, interaction: Interaction, channel: Channel | None = None, use: str | None = None
    ) -> None:
        by = await self.authorize(interaction)
        if channel is not None and use is not None:
            entry = await self._access_admin.set_channel(by, channel.id, AccessMode(use))
            return await self.confirm(interaction, entry)
        return await self.show_access(interaction, by)

    @app_commands.command(description="Show who can use the bot, or allow or block a role")
    @app_commands.describe(role="The one to change", use="Rule for this role")
    @app_commands.choices(use=USES)
    async def roles(
        self, interaction: Interaction, role: discord.Role | None = None, use: str | None = None
    ) -> None:
        by = await self.authorize(interaction)
        if role is not None and use is not None:
            entry = await self._access_admin.set_role(by, role.id, AccessMode(use))
            return await self.confirm(interaction, entry)
        return await self.show_access(interaction, by)
