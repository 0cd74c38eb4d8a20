"""`/help`: what the bot does, with buttons to try it."""

from discord import app_commands
from discord.ext import commands

from bot.chat.account.help_card import help_card
from bot.chat.account.services import AccountServices
from bot.chat.client import Doppel
from bot.chat.interactions import Interaction
from bot.chat.members import member_of, server_permissions
from bot.chat.ui.replies import defer_ephemeral, send_deferred


class Help(commands.Cog):
    """The command `/help`."""

    def __init__(self, services: AccountServices) -> None:
        self._services = services

    @app_commands.command(name="help", description="Show what the bot does, with buttons to try it")
    async def help_(self, interaction: Interaction) -> None:
        await defer_ephemeral(interaction)
        services, member = self._services, member_of(interaction)
        terms = await services.job_service.terms(member)
        card = help_card(
            [card for slug, card in services.cards.items() if slug not in terms.models_off],
            services.job_service.unit_price,
            services.text,
            administers=member.guild_id is not None and server_permissions(interaction).manage_guild,
        )
        await send_deferred(interaction, card)


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Help(bot.account))
