"""Layout of a job's card in Components V2, and the words that all cards share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import discord
from discord import ui

from bot.chat.text import Text
from bot.chat.ui.states import JobState
from bot.chat.ui.uploads import upload
from bot.media.types import Compromise
from bot.models import ModelCard

# Discord covers a file whose name begins with this.
SPOILER = "SPOILER_"

GREY, BLUE, AMBER, GREEN, RED, DARK = 0x99AAB5, 0x5865F2, 0xFAA61A, 0x3BA55D, 0xED4245, 0x4E5058


class Attachment(Protocol):
    """A picture or video that is attached to the message."""

    @property
    def filename(self) -> str: ...
    @property
    def alt(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PostedAttachment:
    """A picture or video that the message has already."""

    filename: str
    alt: str

    @classmethod
    def of(cls, posted: discord.Attachment) -> Self:
        return cls(posted.filename, posted.description or "")


class ResultAttachment(Attachment, Protocol):
    """A result that is attached to the message."""

    @property
    def compromise(self) -> Compromise | None: ...


@dataclass(frozen=True, slots=True)
class OriginalPreview:
    """Picture that the face was put into, shown beside the result."""

    address: str
    alt: str
    content: bytes = b""
    """The file to attach under that address, if any."""

    def files(self) -> list[discord.File]:
        if not self.content:
            return []
        name = self.address.rpartition("/")[2]
        return [upload(self.content, name, self.alt)]


@dataclass(frozen=True, slots=True)
class CardMedia:
    """Pictures and buttons of a card."""

    shown: ResultAttachment | None = None
    gallery: Sequence[Attachment] = ()
    """Several results of one message."""
    before: OriginalPreview | None = None
    spoiler: bool = False
    rows: Sequence[ui.ActionRow[Any]] = field(default_factory=tuple[ui.ActionRow[Any], ...])
    heading: str = ""
    """Text above the card, in a message other than the job's own."""


NO_MEDIA = CardMedia()


@dataclass(frozen=True, slots=True)
class CardText:
    """Words of a card: its title has the state, and `small` is one grey line below the others."""

    state: JobState
    lines: Sequence[str] = ()
    small: Sequence[str] = ()
    title: str = ""
    """State in other words than its name."""


class Card(ui.LayoutView):
    """Message of a job: a container with title and state, a grey line, the pictures and buttons.

    The grey line stands above the pictures, because it says which of them is the original.
    """

    def __init__(
        self, model: ModelCard, colour: int, words: CardText, text: Text, media: CardMedia = NO_MEDIA
    ) -> None:
        super().__init__(timeout=None)
        if media.heading:
            self.add_item(ui.TextDisplay(media.heading))
        box: ui.Container[Card] = ui.Container(accent_colour=colour)
        state = words.title or words.state.words(text)
        title = f"### {words.state.icon} {model.title} · {state}"
        small = " · ".join(filter(None, words.small))
        lines = [title, *words.lines, small and f"-# {small}"]
        box.add_item(ui.TextDisplay("\n".join(filter(None, lines))))
        if pictures := _pictures(media):
            box.add_item(ui.MediaGallery(*pictures))
        for row in media.rows:
            box.add_item(row)
        self.add_item(box)


def _pictures(media: CardMedia) -> list[discord.MediaGalleryItem]:
    """The original and then the result, as the grey line says, or the results of a batch."""
    attached = [*media.gallery, *([] if media.shown is None else [media.shown])]
    pictures = [
        discord.MediaGalleryItem(f"attachment://{each.filename}", description=each.alt, spoiler=media.spoiler)
        for each in attached
    ]
    if media.before is not None and media.shown is not None:
        before = media.before
        original = discord.MediaGalleryItem(before.address, description=before.alt, spoiler=media.spoiler)
        pictures.insert(0, original)
    return pictures


def error_card(sentence: str) -> ui.LayoutView:
    """Reply with one sentence about what went wrong."""
    return _sentence_card(sentence, RED)


def note_card(sentence: str) -> ui.LayoutView:
    """Reply with one sentence that is no error."""
    return _sentence_card(sentence, DARK)


def _sentence_card(sentence: str, colour: int) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(sentence), accent_colour=colour))
    return view


def credits_words(count: int, text: Text) -> str:
    return text("credits", count=count)


def relative_timestamp(at: float) -> str:
    """Discord's relative time: it follows the reader's clock and counts on without an edit."""
    return f"<t:{int(at)}:R>"
