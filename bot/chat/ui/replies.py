"""Ephemeral replies: deferred at once, sent when they are ready, and errors in one sentence."""

from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from discord import File, ui

from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.ui.card import error_card


class ErrorWording(Protocol):
    """The part of the client that words errors."""

    def message_for(self, error: Exception) -> str: ...


async def defer_ephemeral(interaction: Interaction) -> None:
    """Discord waits for three seconds, and a database may need longer."""
    await interaction.response.defer(ephemeral=True, thinking=True)


async def send_deferred(interaction: Interaction, view: ui.LayoutView, *files: File) -> None:
    await interaction.edit_original_response(view=view, attachments=files, allowed_mentions=NOBODY)


async def send_error(interaction: Interaction, sentence: str) -> None:
    """Tell an error to whoever caused it, whether or not the interaction was answered already."""
    if interaction.response.is_done():
        await interaction.followup.send(view=error_card(sentence), ephemeral=True)
    else:
        await interaction.response.send_message(view=error_card(sentence), ephemeral=True)


async def report_errors(interaction: Interaction, act: Callable[[], Awaitable[None]]) -> None:
    """Do `act`; if it fails, only the person who started it reads why."""
    try:
        await act()
    except Exception as error:  # noqa: BLE001 - nobody else would answer the member
        await send_error(interaction, cast("ErrorWording", interaction.client).message_for(error))
