"""The pictures and videos of a message: attached, embedded, in galleries, and in what it passes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from mimetypes import guess_type
from typing import Any
from urllib.parse import unquote, urlsplit

import discord

from bot.chat.orders.attachments import Unreadable, Upload
from bot.chat.orders.reorder import Source
from bot.models import MediaKind
from bot.segmind.protocol import Link, SegmindError

# What is not attached says no size beforehand; this only keeps a strange file from filling the memory.
MOST_BYTES = 100 * 2**20


@dataclass(frozen=True, slots=True)
class Linked:
    """What a message only shows, as an `Upload`: what stands behind a link may change, so bytes are given."""

    filename: str
    address: str
    source: Source
    size: int = 0
    url: str = ""

    async def read(self) -> bytes:
        try:
            return await self.source.fetch(Link(self.address), limit=MOST_BYTES)
        except SegmindError as error:
            raise Unreadable(self.filename, self.filename) from error


class NothingPosted(Exception):
    """No picture or video in the message."""


class NotToBeUsed(Exception):
    """Whoever posted it does not want it to be used."""


@dataclass(frozen=True, slots=True)
class Posted:
    file: Upload
    kind: MediaKind


def posted_in(message: discord.Message, source: Source) -> list[Posted]:
    """Each of them once, in the order in which they are shown."""
    found: dict[str, Posted] = {}
    for part in (message, *message.message_snapshots):
        for address, posted in _of(part, source):
            found.setdefault(address, posted)
    return list(found.values())


def _of(part: discord.Message | discord.MessageSnapshot, source: Source) -> Iterator[tuple[str, Posted]]:
    for attachment in part.attachments:
        if kind := _kind(attachment.content_type, attachment.filename):
            yield _plain(attachment.url), Posted(attachment, kind)
    for embed in part.embeds:
        # The video of an embed is mostly a player's page; its thumbnail is a picture.
        for media in (embed.image, embed.thumbnail):
            yield from _shown(media, source, MediaKind.PICTURE)
    for component in part.components:
        for media in _media(component):
            yield from _shown(media, source, _kind(media.content_type, _name(media.url)))


def _media(component: Any) -> Iterator[discord.UnfurledMediaItem]:
    match component:
        case discord.MediaGalleryComponent():
            yield from (item.media for item in component.items)
        case discord.ThumbnailComponent():
            yield component.media
        case discord.FileComponent():
            yield component.media
        case discord.SectionComponent():
            for inner in (*component.children, component.accessory):
                yield from _media(inner)
        case discord.Container():
            for inner in component.children:
                yield from _media(inner)
        case _:
            pass


def _shown(media: Any, source: Source, kind: MediaKind | None) -> Iterator[tuple[str, Posted]]:
    # Discord's copy, where it has one: another site need not hear of it.
    address = media.proxy_url or media.url
    if kind is not None and str(address).startswith(("http://", "https://")):
        yield _plain(media.url or address), Posted(Linked(_name(media.url or address), address, source), kind)


def _kind(media_type: str | None, name: str) -> MediaKind | None:
    family = (media_type or guess_type(name)[0] or "").partition("/")[0]
    return {"image": MediaKind.PICTURE, "video": MediaKind.VIDEO}.get(family)


def _plain(address: str) -> str:
    """Without the signature, which differs each time that Discord names the same file."""
    return urlsplit(address)._replace(query="", fragment="").geturl()


def _name(address: str) -> str:
    return unquote(urlsplit(address).path.rpartition("/")[2]) or "file"
