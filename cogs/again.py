"""`/again`: a member's last order once more, with new files."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.admin.autocomplete import Choice, model_choices
from bot.chat.client import Doppel
from bot.chat.file_types import file_type_extras
from bot.chat.interactions import Interaction
from bot.chat.orders.faces.saved_faces import face_choices
from bot.chat.orders.services import OrderServices
from bot.faces.face import NAME_LIMIT
from bot.media_kind import MediaKind
from bot.models import ModelCard


class Again(commands.Cog):
    """The command `/again`."""

    def __init__(self, services: OrderServices) -> None:
        self._services = services
        self._cards: dict[str, ModelCard] = {
            slug: model.card for slug, model in services.last_orders.models.items()
        }

    @app_commands.command(
        description="Repeat your last order, with new files if you like",
        extras=file_type_extras(target=frozenset(MediaKind), source={MediaKind.PICTURE}),
    )
    @app_commands.describe(
        target="Another picture or video to put the face in",
        source="Another face, as a file",
        face="Another one of your saved faces",
        command="Repeat the last order of this command (default: your last order)",
    )
    async def again(
        self,
        interaction: Interaction,
        target: discord.Attachment | None = None,
        source: discord.Attachment | None = None,
        face: app_commands.Range[str, 1, NAME_LIMIT] | None = None,
        command: str | None = None,
    ) -> None:
        await self._services.last_orders.repeat(
            interaction, slug=command, source=source, face=face, target=target
        )

    @again.autocomplete("face")
    async def _faces(self, interaction: Interaction, typed: str) -> list[Choice]:
        return await face_choices(self._services.saved_faces, interaction, typed)

    @again.autocomplete("command")
    async def _commands(self, interaction: Interaction, typed: str) -> list[Choice]:
        del interaction
        return model_choices(self._cards, typed)


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Again(bot.orders))
