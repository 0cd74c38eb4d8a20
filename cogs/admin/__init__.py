"""`/admin`: credits, models, limits and access of a server, within the operator's bounds."""

from collections.abc import Sequence

from discord import app_commands
from discord.ext import commands

from bot.chat.admin.audit_lines import audit_line
from bot.chat.admin.panel.panel import Panel
from bot.chat.client import Doppel
from bot.chat.contexts import servers_only
from bot.chat.interactions import Interaction
from bot.chat.members import administrator_of
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import send_deferred
from cogs.admin.access import AccessCommands
from cogs.admin.credits import CreditCommands
from cogs.admin.moderation import ModerationCommands
from cogs.admin.orders import OrderCommands


@servers_only
@app_commands.default_permissions(manage_guild=True)
class Admin(
    CreditCommands,
    OrderCommands,
    AccessCommands,
    ModerationCommands,
    commands.GroupCog,
    group_name="admin",
    group_description="Manage this server's credits, models, limits and access",
):
    """Commands of `/admin`: those of each subject, and those about the server as a whole."""

    async def cog_load(self) -> None:
        self._services.pages.add("changes", self._read_changes)
        self._services.pages.add("cases", self._read_cases)

    async def cog_unload(self) -> None:
        self._services.pages.remove("changes")
        self._services.pages.remove("cases")

    @app_commands.command(description="Open the control panel: every setting of this server in one message")
    async def panel(self, interaction: Interaction) -> None:
        by = await self.authorize(interaction)
        await send_deferred(interaction, await Panel(self._services).open(interaction, by))

    @app_commands.command(description="Set the bot up for this server, step by step")
    async def setup(self, interaction: Interaction) -> None:
        by = await self.authorize(interaction)
        await send_deferred(interaction, await Panel(self._services).open_setup(interaction, by))

    @app_commands.command(description="Show who changed what in this server")
    async def changes(self, interaction: Interaction) -> None:
        await self.authorize(interaction)
        await send_deferred(interaction, await self._services.pages.first(interaction, "changes"))

    @app_commands.command(name="delete-data", description="Delete this server's data")
    async def delete_data(self, interaction: Interaction) -> None:
        await self.authorize(interaction)
        await send_deferred(interaction, self._services.server_deletion.question())

    async def _read_changes(self, interaction: Interaction, request: PageRequest) -> Sequence[PageItem]:
        by, services = administrator_of(interaction), self._services
        found = await services.ledger.audit_entries(
            by.guild_id, before=request.before, after=request.after, limit=request.limit
        )
        return [PageItem(entry.id, audit_line(entry, services.cards, services.text)) for entry in found]


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Admin(bot.admin))
