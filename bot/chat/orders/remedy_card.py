"""Card about an order that lacks one step, with a button that takes it."""

from collections.abc import Awaitable, Callable
from typing import Any

from discord import ButtonStyle, ui

from bot.chat.interactions import Interaction
from bot.chat.ui.card import RED
from bot.chat.ui.replies import report_errors

# The button holds the files of the order in memory, and Discord's links to them expire, too.
OPEN_SECONDS = 15 * 60.0

Remedy = Callable[[Interaction], Awaitable[None]]


class RemedyCard(ui.LayoutView):
    """A sentence about what is wrong or missing, with a button that puts it right."""

    def __init__(self, sentence: str, label: str, remedy: Remedy, *, colour: int = RED) -> None:
        super().__init__(timeout=OPEN_SECONDS)
        button = _RemedyButton(label, remedy)
        self.add_item(ui.Container(ui.TextDisplay(sentence), ui.ActionRow(button), accent_colour=colour))


class _RemedyButton(ui.Button[Any]):
    def __init__(self, label: str, remedy: Remedy) -> None:
        super().__init__(label=label, style=ButtonStyle.primary)
        self._remedy = remedy

    async def callback(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._remedy(interaction))
