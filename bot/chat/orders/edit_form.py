"""A form with the main options of an order, filled in as it was ordered."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import ui

from bot.chat.interactions import Interaction
from bot.chat.text import Text
from bot.models import FaceModel, Parameter

# Discord's bounds: for titles and labels, for descriptions, for what is typed.
LABEL_LIMIT, DESCRIPTION_LIMIT, TYPED_LIMIT = 45, 100, 4000
# A form that nobody sends within this many seconds is forgotten.
PATIENCE = 15 * 60.0

GoOn = Callable[[Interaction, Mapping[str, Any]], Awaitable[None]]


class EditOrderForm(ui.Modal):
    def __init__(self, model: type[FaceModel], values: Mapping[str, Any], text: Text, go_on: GoOn) -> None:
        super().__init__(title=model.card.title[:LABEL_LIMIT], timeout=PATIENCE)
        self._go_on = go_on
        self._fields: dict[str, ui.TextInput[Any] | ui.Select[Any]] = {}
        for option in model.main_options():
            field = _field(option, values.get(option.name))
            self._fields[option.name] = field
            self.add_item(
                ui.Label(
                    text=option.name.replace("_", " ")[:LABEL_LIMIT],
                    description=text.phrase(option.description)[:DESCRIPTION_LIMIT],
                    component=field,
                )
            )

    async def on_submit(self, interaction: Interaction) -> None:
        await self._go_on(interaction, {name: _value(field) for name, field in self._fields.items()})


def _field(option: Parameter, value: Any) -> ui.TextInput[Any] | ui.Select[Any]:
    if option.choices:
        choices = [
            discord.SelectOption(label=choice, value=choice, default=choice == value)
            for choice in option.choices
        ]
        # An option without a default may be left open.
        least = 0 if option.default is None else 1
        return ui.Select(custom_id=option.name, options=choices, required=bool(least), min_values=least)
    return ui.TextInput(
        custom_id=option.name,
        default=None if value is None else str(value)[:TYPED_LIMIT],
        required=False,
        max_length=TYPED_LIMIT,
        style=discord.TextStyle.paragraph if option.type is str else discord.TextStyle.short,
    )


def _value(field: ui.TextInput[Any] | ui.Select[Any]) -> str | None:
    """Nothing leaves an option at its default."""
    if isinstance(field, ui.Select):
        return field.values[0] if field.values else None
    return field.value.strip() or None
