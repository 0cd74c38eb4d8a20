"""Menu "Was this made here?" on any message with a picture or a video."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import Doppel
from bot.chat.interactions import Interaction
from bot.chat.moderation.origin_check import OriginCheck

MENU = "Was this made here?"


class OriginMenu(commands.Cog):
    """The message menu."""

    def __init__(self, bot: Doppel, origin_check: OriginCheck) -> None:
        self._bot = bot
        self._origin_check = origin_check
        self._menu = app_commands.ContextMenu(name=MENU, callback=self._answer)

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    async def _answer(self, interaction: Interaction, message: discord.Message) -> None:
        await self._origin_check.answer(interaction, message)


async def setup(bot: Doppel) -> None:
    await bot.add_cog(OriginMenu(bot, bot.account.origin_check))
