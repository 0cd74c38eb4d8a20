"""Cards with information for one reader, and foreign text made safe to show on them."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any

import discord
from discord import ui

from bot.chat.text import Text
from bot.chat.ui.card import BLUE, Attachment

# Discord allows 4,000 characters for all text of a message; the title and the small print need some of them.
BODY_LIMIT = 3600
TITLE_LIMIT = 100
# Discord's limit.
_BUTTONS_IN_ROW = 5


class InfoCard(ui.LayoutView):
    """Container with a title, lines, pictures, rows, small print and buttons."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        text: Text,
        *,
        rows: Sequence[ui.Item[Any]] = (),
        small: Sequence[str] = (),
        pictures: Sequence[Attachment] = (),
        spoiler: bool = False,
        buttons: Sequence[ui.Item[Any]] = (),
        colour: int = BLUE,
    ) -> None:
        super().__init__(timeout=None)
        box: ui.Container[InfoCard] = ui.Container(accent_colour=colour)
        notes = "\n".join(f"-# {line}" for line in small)
        body = fit_lines(lines, BODY_LIMIT - len(notes), text)
        box.add_item(ui.TextDisplay(f"### {title[:TITLE_LIMIT]}\n{body}".strip()))
        if pictures:
            shown = [
                discord.MediaGalleryItem(
                    f"attachment://{each.filename}", description=each.alt, spoiler=spoiler
                )
                for each in pictures
            ]
            box.add_item(ui.MediaGallery(*shown))
        for row in rows:
            box.add_item(row)
        if notes:
            box.add_item(ui.TextDisplay(notes))
        for row in _rows_of(buttons):
            box.add_item(ui.ActionRow(*row))
        self.add_item(box)


def _rows_of(buttons: Sequence[ui.Item[Any]]) -> Iterable[Sequence[ui.Item[Any]]]:
    """Rows of about the same length."""
    if buttons:
        length = ceil(len(buttons) / ceil(len(buttons) / _BUTTONS_IN_ROW))
        yield from (buttons[first : first + length] for first in range(0, len(buttons), length))


def fit_lines(lines: Sequence[str], limit: int, text: Text) -> str:
    """As many whole lines as fit, and the number of those left out."""
    used = 0
    for count, line in enumerate(lines):
        used += len(line) + 1
        if used > limit - len(text("more", count=len(lines))):
            return "\n".join([*lines[:count], text("more", count=len(lines) - count)])
    return "\n".join(lines)


def sanitize(words: str, limit: int = 100) -> str:
    """Make foreign text safe inside a code span, where Discord reads no markdown and no mentions."""
    # Invisible characters, such as those that change the direction of writing, would act beyond the span.
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(plain.replace("`", "'").split())[:limit]


def as_code(words: str, limit: int) -> str:
    """The text as a code span, or nothing if there is no text."""
    shown = sanitize(words, limit)
    return f"`{shown}`" if shown else ""


def mention(user_id: int | str) -> str:
    return f"<@{user_id}>"


def mention_or_unknown(user_id: int, text: Text) -> str:
    """Mention of a member, or a placeholder for one whose data was deleted."""
    return mention(user_id) if user_id else text("somebody")
