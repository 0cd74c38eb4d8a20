"""Buttons, selects and forms of the panel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from re import Match
from typing import Any, Self
from zlib import crc32

import discord
from discord import ui

from bot.chat.interactions import Interaction
from bot.chat.text import Text
from bot.chat.ui.buttons import handle
from bot.chat.ui.replies import LABEL_LIMIT, Form

# Discord's limit for a select.
OPTIONS = 25


class NotANumber(Exception):
    """A field of a form needs a whole number within these bounds."""

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        self.least = least
        self.most = most


@dataclass(frozen=True, slots=True)
class PanelLocation:
    """Place of an item: its area, the guided or the free panel, and its subject."""

    area: str
    guided: bool = False
    subject: str = ""
    """A channel or role that the area is about, such as `c123`."""


class PanelItem(
    ui.DynamicItem[Any],
    template=r"panel:(?P<mode>[pg]):(?P<area>[a-z]+):(?P<control>[a-z_]+):(?P<subject>[a-z0-9]*):(?P<value>.*)",
):
    """Button or select of the panel; its id says what it changes, so it works after a restart."""

    def __init__(self, item: ui.Item[Any], location: PanelLocation, control: str, value: str = "") -> None:
        mode = "g" if location.guided else "p"
        item.custom_id = f"panel:{mode}:{location.area}:{control}:{location.subject}:{value}"  # pyright: ignore[reportAttributeAccessIssue]
        super().__init__(item)
        self.location = location
        self.control = control
        self.value = value

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: ui.Item[Any], match: Match[str], /) -> Self:
        del interaction
        location = PanelLocation(match["area"], match["mode"] == "g", match["subject"])
        return cls(item, location, match["control"], match["value"])

    @property
    def choices(self) -> Sequence[Any]:
        """Picked values of a select."""
        return getattr(self.item, "values", ())

    async def callback(self, interaction: Interaction) -> None:
        await handle(interaction, self)


class PanelForm(Form):
    """Form with labelled fields; the panel applies the change when it is submitted."""

    def __init__(self, title: str, fields: Mapping[str, tuple[str, ui.Item[Any]]], note: str = "") -> None:
        super().__init__(title)
        self._fields = {name: item for name, (_, item) in fields.items()}
        self.on_filled: Any = None
        if note:
            self.add_item(ui.TextDisplay(note))
        for name, (label, item) in fields.items():
            item.custom_id = name  # pyright: ignore[reportAttributeAccessIssue]
            self.add_item(ui.Label(text=label[:LABEL_LIMIT], component=item))

    async def on_submit(self, interaction: Interaction) -> None:
        await self.on_filled(interaction, {name: _answer(item) for name, item in self._fields.items()})


def _answer(item: Any) -> Any:
    if isinstance(item, ui.TextInput):
        return item.value.strip()
    if isinstance(item, ui.RadioGroup):
        return item.value
    return item.values if item.max_values > 1 else item.values[0]


def text_field(*, required: bool = False, limit: int = 12) -> ui.TextInput[Any]:
    return ui.TextInput(required=required, max_length=limit)


def whole_number(words: str, *, least: int = 0) -> int | None:
    """The number that was typed, or None for an empty field; raises `NotANumber`."""
    if not words:
        return None
    if not (words.isascii() and words.isdecimal()) or int(words) < least:
        raise NotANumber(least)
    return int(words)


def preselected(ids: Iterable[int], kind: discord.SelectDefaultValueType) -> list[discord.SelectDefaultValue]:
    """Preselected values of a select of channels, roles or members."""
    return [discord.SelectDefaultValue(id=id_, type=kind) for id_ in sorted(ids)]


def button(
    location: PanelLocation,
    control: str,
    label: str,
    value: str = "",
    *,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> ui.Item[Any]:
    return PanelItem(ui.Button(label=label, style=style), location, control, value)


def row(*items: ui.Item[Any]) -> ui.ActionRow[Any]:
    return ui.ActionRow(*items)


def text_line(words: str) -> ui.TextDisplay[Any]:
    return ui.TextDisplay(words)


def text_line_with(words: str, item: ui.Item[Any]) -> ui.Section[Any]:
    return ui.Section(words, accessory=item)


def select(item: ui.Item[Any], location: PanelLocation, control: str) -> ui.ActionRow[Any]:
    # A client may remember picked values by the number of a component, so each select has its own.
    item.id = crc32(f"{location.area}:{location.subject}:{control}".encode()) >> 1
    return row(PanelItem(item, location, control))


def labelled(label: str, below: ui.ActionRow[Any]) -> Sequence[ui.Item[Any]]:
    """A select with words above it: its placeholder disappears once something is chosen."""
    return [text_line(label), below]


def choice_select(
    location: PanelLocation,
    control: str,
    options: Mapping[str, str],
    chosen: Iterable[str],
    text: Text,
    *,
    most: int = 1,
    least: int = 0,
) -> ui.ActionRow[Any]:
    """Select whose options are words by their values."""
    selected = set(chosen)
    shown = [
        discord.SelectOption(label=label[:100], value=value, default=value in selected)
        for value, label in list(options.items())[:OPTIONS]
    ]
    item: ui.Select[Any] = ui.Select(
        options=shown,
        min_values=least,
        max_values=min(most, len(shown)),
        placeholder=text("panel.choose"),
    )
    return select(item, location, control)
