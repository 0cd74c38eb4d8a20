"""The card of a job: pure, from data to Components V2; and the plain words that all cards share."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import discord
from discord import ui

from bot.chat.text import Text
from bot.models import ModelCard

# Discord covers a file whose name begins so.
SPOILER = "SPOILER_"

GREY, BLUE, AMBER, GREEN, RED, DARK = 0x99AAB5, 0x5865F2, 0xFAA61A, 0x3BA55D, 0xED4245, 0x4E5058


class Attachment(Protocol):
    """A result that is attached to the message."""

    @property
    def filename(self) -> str: ...
    @property
    def alt(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OriginalPreview:
    """What the face was put into, to be looked at beside the result."""

    address: str
    alt: str
    content: bytes = b""
    """What is attached under that address, if anything is."""

    def files(self) -> list[discord.File]:
        if not self.content:
            return []
        name = self.address.rpartition("/")[2]
        return [discord.File(io.BytesIO(self.content), name, description=self.alt)]


@dataclass(frozen=True, slots=True)
class CardMedia:
    """What a card shows besides its words."""

    shown: Attachment | None = None
    before: OriginalPreview | None = None
    spoiler: bool = False
    rows: Sequence[ui.ActionRow[Any]] = field(default_factory=tuple[ui.ActionRow[Any], ...])
    heading: str = ""
    """Above the card, in a message that is not the one of the job."""


PLAIN = CardMedia()


class Card(ui.LayoutView):
    """The whole message: a container with the title, what happens, the pictures, small print and buttons."""

    def __init__(self, model: ModelCard, colour: int, lines: Sequence[str], look: CardMedia = PLAIN) -> None:
        super().__init__(timeout=None)
        if look.heading:
            self.add_item(ui.TextDisplay(look.heading))
        box: ui.Container[Card] = ui.Container(accent_colour=colour)
        box.add_item(ui.TextDisplay(f"### {model.title}\n{lines[0]}"))
        if look.shown is not None:
            box.add_item(ui.MediaGallery(*_pictures(look.shown, look)))
        if small := [f"-# {line}" for line in lines[1:] if line]:
            box.add_item(ui.TextDisplay("\n".join(small)))
        for row in look.rows:
            box.add_item(row)
        self.add_item(box)


def _pictures(shown: Attachment, look: CardMedia) -> list[discord.MediaGalleryItem]:
    attached = discord.MediaGalleryItem(
        f"attachment://{shown.filename}", description=shown.alt, spoiler=look.spoiler
    )
    if look.before is None:
        return [attached]
    before = discord.MediaGalleryItem(look.before.address, description=look.before.alt, spoiler=look.spoiler)
    return [attached, before]


def error_card(sentence: str) -> ui.LayoutView:
    """An answer that is no job: a refusal, or a word about what went wrong."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(sentence), accent_colour=RED))
    return view


def credits_words(count: int, text: Text) -> str:
    return text("credits", count=count)


def relative_timestamp(at: float) -> str:
    """Discord's own clock face: each reader sees their own time, and it counts on without an edit."""
    return f"<t:{int(at)}:R>"
