"""Base class of the cogs that are made from a model's declaration."""

from typing import ClassVar

from discord import AppCommandType
from discord.ext import commands

from bot.chat.client import Doppel
from bot.chat.orders.slash_command import command_for
from bot.models import FaceModel


class ModelCog(commands.Cog):
    """Cog with one slash command, which orders from `model`."""

    model: ClassVar[type[FaceModel]]

    def __init__(self, bot: Doppel) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        price = self._bot.price_of(self.model.card)
        handle = self._bot.orders.order_handler.handle
        command = command_for(self.model, handle, price=price, face_choices=self._bot.face_choices)
        self._bot.tree.add_command(command)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self.model.card.slug, type=AppCommandType.chat_input)
