"""Answers that only whoever asked can see: promised at once, given when they are there."""

from discord import File, ui

from bot.chat.card import notice
from bot.chat.messages import NOBODY
from bot.chat.options import Interaction


async def promise(interaction: Interaction) -> None:
    """Discord waits for three seconds, and a database may need longer."""
    await interaction.response.defer(ephemeral=True, thinking=True)


async def give(interaction: Interaction, view: ui.LayoutView, *files: File) -> None:
    await interaction.edit_original_response(view=view, attachments=files, allowed_mentions=NOBODY)


async def refuse(interaction: Interaction, sentence: str) -> None:
    """Where nothing, or something else, was answered yet."""
    if interaction.response.is_done():
        await interaction.followup.send(view=notice(sentence), ephemeral=True)
    else:
        await interaction.response.send_message(view=notice(sentence), ephemeral=True)
