"""Answers that are no job: a sheet of lines for one reader, and foreign words that can do no harm on it."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.text import Text
from bot.chat.ui.card import BLUE, Attachment

# Discord takes 4,000 characters in all; the title and the small print take their share of them.
ROOM = 3600
TITLE_LIMIT = 100


class InfoCard(ui.LayoutView):
    """A container: title, lines, rows with something beside them, a picture, small print and buttons."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        text: Text,
        *,
        rows: Sequence[ui.Item[Any]] = (),
        small: Sequence[str] = (),
        picture: Attachment | None = None,
        spoiler: bool = False,
        buttons: Sequence[ui.Item[Any]] = (),
        colour: int = BLUE,
    ) -> None:
        super().__init__(timeout=None)
        box: ui.Container[InfoCard] = ui.Container(accent_colour=colour)
        notes = "\n".join(f"-# {line}" for line in small)
        body = fitted(lines, ROOM - len(notes), text)
        box.add_item(ui.TextDisplay(f"### {title[:TITLE_LIMIT]}\n{body}".strip()))
        for row in rows:
            box.add_item(row)
        if picture is not None:
            address = f"attachment://{picture.filename}"
            shown = discord.MediaGalleryItem(address, description=picture.alt, spoiler=spoiler)
            box.add_item(ui.MediaGallery(shown))
        if notes:
            box.add_item(ui.TextDisplay(notes))
        if buttons:
            box.add_item(ui.ActionRow(*buttons))
        self.add_item(box)


def fitted(lines: Sequence[str], room: int, text: Text) -> str:
    """As many whole lines as there is room for, and how many there are besides."""
    used = 0
    for count, line in enumerate(lines):
        used += len(line) + 1
        if used > room - len(text("more", count=len(lines))):
            return "\n".join([*lines[:count], text("more", count=len(lines) - count)])
    return "\n".join(lines)


def sanitize(words: str, limit: int = 100) -> str:
    """Foreign words for inside of a code span, where nothing is markdown or a mention: on one line, cut."""
    # What is invisible, such as a change of the writing's direction, would reach beyond the span.
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(plain.replace("`", "'").split())[:limit]


def as_code(words: str, limit: int) -> str:
    """As a code span; nothing where there are no words."""
    shown = sanitize(words, limit)
    return f"`{shown}`" if shown else ""


def mention(user_id: int | str) -> str:
    return f"<@{user_id}>"


def mention_or_unknown(user_id: int, text: Text) -> str:
    """Somebody about whom everything was deleted has no name any more."""
    return mention(user_id) if user_id else text("somebody")
