"""Buttons and selects that keep their state in their ids, so they still work after a restart."""

from collections.abc import Awaitable, Callable
from re import Match
from typing import Any, Self

from discord import ButtonStyle, ui

from bot.chat.interactions import Interaction
from bot.chat.ui.replies import report_errors

Handler = Callable[[Interaction, Any], Awaitable[None]]
"""Receives the interaction and the item that was used."""


async def handle(interaction: Interaction, item: ui.DynamicItem[Any]) -> None:
    """Let the handler of this kind of item answer, and report its errors to the member."""
    handler: Handler = interaction.client.handler_of(type(item))
    await report_errors(interaction, lambda: handler(interaction, item))


class StatefulButton(ui.DynamicItem[ui.Button[Any]], template=r"(?!)"):
    """Base of all such buttons. A subclass declares its `template` and reads it in `from_match`."""

    def __init__(
        self,
        label: str,
        custom_id: str,
        style: ButtonStyle = ButtonStyle.secondary,
        icon: str | None = None,
    ) -> None:
        super().__init__(ui.Button(label=label, custom_id=custom_id, style=style, emoji=icon))

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        raise NotImplementedError

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: ui.Item[Any], match: Match[str], /) -> Self:
        del interaction
        return cls.from_match(match, (item.label or "") if isinstance(item, ui.Button) else "")

    async def callback(self, interaction: Interaction) -> None:
        await handle(interaction, self)
