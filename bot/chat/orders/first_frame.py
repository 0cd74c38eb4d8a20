"""Offers the first frame of an animation where a model needs a still picture."""

from collections.abc import Awaitable, Callable
from typing import Any

from discord import ButtonStyle, ui

from bot.chat.interactions import Interaction
from bot.chat.text import Text
from bot.chat.ui.card import RED
from bot.chat.ui.replies import report_errors

# The button holds the files of the order in memory, and Discord's links to them expire, too.
OPEN_SECONDS = 15 * 60.0

PlaceOrder = Callable[[Interaction], Awaitable[None]]


class FirstFrameCard(ui.LayoutView):
    """The sentence about the animation, with a button that orders with its first frame."""

    def __init__(self, sentence: str, text: Text, place_order: PlaceOrder) -> None:
        super().__init__(timeout=OPEN_SECONDS)
        button = _FirstFrameButton(text("buttons.first_frame"), place_order)
        self.add_item(ui.Container(ui.TextDisplay(sentence), ui.ActionRow(button), accent_colour=RED))


class _FirstFrameButton(ui.Button[Any]):
    def __init__(self, label: str, place_order: PlaceOrder) -> None:
        super().__init__(label=label, style=ButtonStyle.primary)
        self._place_order = place_order

    async def callback(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._place_order(interaction))
