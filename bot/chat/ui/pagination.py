"""Long lists as pages of ten, with buttons for whoever asked, which still work after a restart."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from re import Match
from typing import Any, Self

from discord import ui

from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.info_card import InfoCard

PAGE = 10


@dataclass(frozen=True, slots=True)
class PageItem:
    number: int
    """Newer entries have larger ones."""
    line: str
    button: ui.Item[Any] | None = None
    """Stands beside the line."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The entries next to a known one, or the newest."""

    before: int | None = None
    after: int | None = None
    # One more than is shown says whether there is another page.
    limit: int = PAGE + 1


Reading = Callable[[Interaction, PageRequest], Awaitable[Sequence[PageItem]]]
"""The newest first. Raises where this reader may not read it."""


class Pages:
    """Every list that is read page by page; each is known by its name."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._readings: dict[str, Reading] = {}

    def add(self, name: str, reading: Reading) -> None:
        self._readings[name] = reading

    async def first(self, interaction: Interaction, name: str) -> InfoCard:
        found = await self._readings[name](interaction, PageRequest())
        return self._sheet(interaction, name, found[:PAGE], newer=False, older=len(found) > PAGE)

    async def press(self, interaction: Interaction, button: "PageButton") -> None:
        if interaction.user.id != button.reader:
            raise NotYours
        page = await self.turned(interaction, button.name, PageRequest(**button.wish))
        await interaction.response.edit_message(view=page, allowed_mentions=NOBODY)

    async def turned(self, interaction: Interaction, name: str, wish: PageRequest) -> InfoCard:
        found = await self._readings[name](interaction, wish)
        if wish.after is None:
            return self._sheet(interaction, name, found[:PAGE], newer=True, older=len(found) > PAGE)
        if len(found) <= PAGE:
            return await self.first(interaction, name)
        return self._sheet(interaction, name, found[-PAGE:], newer=True, older=True)

    def _sheet(
        self, interaction: Interaction, name: str, entries: Sequence[PageItem], *, newer: bool, older: bool
    ) -> InfoCard:
        reader = interaction.user.id
        buttons: list[PageButton] = []
        if newer and entries:
            buttons.append(PageButton(name, reader, "after", entries[0].number, self._text("pages.newer")))
        if older:
            buttons.append(PageButton(name, reader, "before", entries[-1].number, self._text("pages.older")))
        title = self._text(f"pages.{name}")
        if any(entry.button for entry in entries):
            return InfoCard(title, [], self._text, rows=[_row(entry) for entry in entries], buttons=buttons)
        lines = [entry.line for entry in entries] or [self._text("pages.empty")]
        return InfoCard(title, lines, self._text, buttons=buttons)


def _row(entry: PageItem) -> ui.TextDisplay[Any] | ui.Section[Any]:
    if entry.button is None:
        return ui.TextDisplay(entry.line)
    return ui.Section(entry.line, accessory=entry.button)


class NotYours(Exception):
    """The buttons of a list work for the member who asked for it."""


class PageButton(
    StatefulButton,
    template=r"turn:(?P<name>[a-z]+):(?P<reader>\d+):(?P<way>before|after):(?P<number>\d+)",
):
    """Button that shows another page of a list."""

    def __init__(self, name: str, reader: int, way: str, number: int, label: str) -> None:
        super().__init__(label, f"turn:{name}:{reader}:{way}:{number}")
        self.name = name
        self.reader = reader
        self.wish: Mapping[str, int] = {way: number}

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(match["name"], int(match["reader"]), match["way"], int(match["number"]), label)
