"""Ephemeral replies: deferred at once, sent when they are ready, and errors in one sentence."""

from collections.abc import Awaitable, Callable

from discord import File, InteractionResponseType, ui

from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.ui.card import error_card

# Discord's limit for the title of a form and the label of a field.
LABEL_LIMIT = 45
# discord.py forgets a form that is not sent within this time.
FORM_SECONDS = 15 * 60.0


async def defer_ephemeral(interaction: Interaction) -> None:
    """Defer the reply: Discord waits for three seconds, and a database may need longer."""
    await interaction.response.defer(ephemeral=True, thinking=True)


async def send_deferred(interaction: Interaction, view: ui.LayoutView, *files: File) -> None:
    await interaction.edit_original_response(view=view, attachments=files, allowed_mentions=NOBODY)


async def send_error(interaction: Interaction, error: Exception) -> None:
    """Tell the member about an error. Commands, menus, buttons, selects and forms all report errors here."""
    view = error_card(interaction.client.message_for(error))
    match interaction.response.type:
        case None:
            await interaction.response.send_message(view=view, ephemeral=True)
        case InteractionResponseType.deferred_channel_message:
            await interaction.edit_original_response(view=view)
        case _:
            await interaction.followup.send(view=view, ephemeral=True)


async def report_errors(interaction: Interaction, act: Callable[[], Awaitable[None]]) -> None:
    """Run `act` where discord.py would only log its errors: in a button or a background task."""
    try:
        await act()
    except Exception as error:  # noqa: BLE001 - nobody else would answer the member
        await send_error(interaction, error)


class Form(ui.Modal):
    """Base of all forms. An error in one is reported like an error in a command."""

    def __init__(self, title: str) -> None:
        super().__init__(title=title[:LABEL_LIMIT], timeout=FORM_SECONDS)

    async def on_error(self, interaction: Interaction, error: Exception) -> None:
        await send_error(interaction, error)
