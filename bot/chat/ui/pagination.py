"""Long lists as pages of ten, with buttons that still work after a restart."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from re import Match
from typing import Any, Self

from discord import app_commands, ui

from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton
from bot.chat.ui.info_card import InfoCard

PAGE_SIZE = 10


@dataclass(frozen=True, slots=True)
class PageItem:
    """Entry of a list."""

    number: int
    """Larger for newer entries."""
    line: str
    button: ui.Item[Any] | None = None
    """Shown next to the line."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The entries next to a known one, or the newest."""

    before: int | None = None
    after: int | None = None
    # One more than a page shows, to know whether there is another page.
    limit: int = PAGE_SIZE + 1


PageReader = Callable[[Interaction, PageRequest], Awaitable[Sequence[PageItem]]]
"""Returns the newest entries first, and raises if this member may not read the list."""


class Pages:
    """The lists that members read page by page, each with a name."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._readers: dict[str, PageReader] = {}

    def add(self, name: str, reader: PageReader) -> None:
        self._readers[name] = reader

    def remove(self, name: str) -> None:
        del self._readers[name]

    async def first(self, interaction: Interaction, name: str) -> InfoCard:
        found = await self._read(interaction, name, PageRequest())
        return self._card(interaction, name, found[:PAGE_SIZE], newer=False, older=len(found) > PAGE_SIZE)

    async def press(self, interaction: Interaction, button: "PageButton") -> None:
        if interaction.user.id != button.reader:
            raise NotYours
        card = await self.page(interaction, button.name, PageRequest(**button.request))
        await interaction.response.edit_message(view=card, allowed_mentions=NOBODY)

    async def page(self, interaction: Interaction, name: str, request: PageRequest) -> InfoCard:
        found = await self._read(interaction, name, request)
        if request.after is None:
            return self._card(interaction, name, found[:PAGE_SIZE], newer=True, older=len(found) > PAGE_SIZE)
        if len(found) <= PAGE_SIZE:
            return await self.first(interaction, name)
        return self._card(interaction, name, found[-PAGE_SIZE:], newer=True, older=True)

    async def _read(self, interaction: Interaction, name: str, request: PageRequest) -> Sequence[PageItem]:
        if name not in self._readers:
            # The cog of this list was unloaded, and with it the command.
            raise app_commands.CommandNotFound(name, [])
        return await self._readers[name](interaction, request)

    def _card(
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
    template=r"turn:(?P<name>[a-z]+):(?P<reader>\d+):(?P<direction>before|after):(?P<number>\d+)",
):
    """Button that shows another page of a list."""

    def __init__(self, name: str, reader: int, direction: str, number: int, label: str) -> None:
        super().__init__(label, f"turn:{name}:{reader}:{direction}:{number}")
        self.name = name
        self.reader = reader
        self.request: Mapping[str, int] = {direction: number}

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(match["name"], int(match["reader"]), match["direction"], int(match["number"]), label)
