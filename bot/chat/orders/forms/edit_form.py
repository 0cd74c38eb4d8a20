"""Form to order again with other options."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import discord
from discord import ui

from bot.chat.interactions import Interaction
from bot.chat.text import Text
from bot.chat.ui.replies import LABEL_LIMIT, Form
from bot.models import FaceModel, Parameter

# Discord's limits in characters.
DESCRIPTION_LIMIT, TYPED_LIMIT = 100, 4000

OnEdited = Callable[[Interaction, Mapping[str, Any]], Awaitable[None]]


class EditOrderForm(Form):
    """The main options of an order, filled in as they were ordered."""

    def __init__(
        self, model: type[FaceModel], values: Mapping[str, Any], text: Text, on_edited: OnEdited
    ) -> None:
        super().__init__(model.card.title)
        self._on_edited = on_edited
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
        await self._on_edited(interaction, {name: _value(field) for name, field in self._fields.items()})


def _field(option: Parameter, value: Any) -> ui.TextInput[Any] | ui.Select[Any]:
    if option.choices:
        choices = [
            discord.SelectOption(label=choice, value=choice, default=choice == value)
            for choice in option.choices
        ]
        required = option.default is not None
        return ui.Select(custom_id=option.name, options=choices, required=required, min_values=int(required))
    return ui.TextInput(
        custom_id=option.name,
        default=None if value is None else str(value)[:TYPED_LIMIT],
        required=False,
        max_length=TYPED_LIMIT,
        style=discord.TextStyle.paragraph if option.type is str else discord.TextStyle.short,
    )


def _value(field: ui.TextInput[Any] | ui.Select[Any]) -> str | None:
    """The entered value; none keeps the default."""
    if isinstance(field, ui.Select):
        return field.values[0] if field.values else None
    return field.value.strip() or None
