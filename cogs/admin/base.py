"""Base of the commands of `/admin`: the permission, the confirmation and the options that they share."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.administration.audit import REASON_LIMIT, Administrator
from bot.chat.account.credits_cards import balance_lines
from bot.chat.admin.access_cards import access_card
from bot.chat.admin.accounts import member_balance
from bot.chat.admin.audit_lines import audit_card
from bot.chat.admin.autocomplete import ChannelTransformer, Choice, model_choices
from bot.chat.admin.services import AdminServices
from bot.chat.interactions import Interaction
from bot.chat.members import administrator_of
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.ledger.ledger import AuditEntry

Amount = app_commands.Range[int, 0]
Positive = app_commands.Range[int, 1]
Reason = app_commands.Range[str, 1, REASON_LIMIT]
Channel = app_commands.Transform[app_commands.AppCommandChannel, ChannelTransformer]
RESET = "Go back to the operator's value"


class AdminCommands(commands.Cog):
    """Commands of `/admin` about one subject. `Admin` inherits from all of them."""

    def __init__(self, services: AdminServices) -> None:
        self._services = services
        self._credit_admin = services.credit_admin
        self._access_admin = services.access_admin

    async def suggest_models(self, interaction: Interaction, typed: str) -> list[Choice]:
        del interaction
        return model_choices(self._services.cards, typed)

    async def authorize(self, interaction: Interaction) -> Administrator:
        """Check the permission and defer the reply."""
        by = administrator_of(interaction)
        await defer_ephemeral(interaction)
        return by

    async def confirm(
        self, interaction: Interaction, entry: AuditEntry, member: discord.Member | None = None
    ) -> None:
        services = self._services
        more: list[str] = []
        if member is not None:
            account = await member_balance(services, administrator_of(interaction), member)
            more += balance_lines(*account, services.text)
        await send_deferred(interaction, audit_card(entry, services.cards, services.text, *more))

    async def show_access(self, interaction: Interaction, by: Administrator) -> None:
        rules = await self._services.ledger.rules(by.guild_id)
        await send_deferred(interaction, access_card(rules, self._services.text))
