"""Finds the pictures and videos of a message: attached, embedded, in galleries, and in forwarded messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from mimetypes import guess_type
from typing import Any
from urllib.parse import unquote, urlsplit

import discord

from bot.chat.orders.attachments import Unreadable, Upload, declared_kind
from bot.chat.orders.reorder import Source
from bot.media_kind import MediaKind
from bot.segmind.errors import SegmindError
from bot.segmind.outputs import Link

# Discord gives no size for embedded media, so this bounds the memory for a download.
MAX_BYTES = 100 * 2**20
GIF = "image/gif"


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """Media that a message only links to, as an `Upload`.

    The content behind a link may change, so Segmind receives the bytes instead of the link.
    """

    filename: str
    address: str
    source: Source
    size: int = 0
    content_type: str | None = None
    url: str = ""

    async def read(self) -> bytes:
        try:
            return await self.source.fetch(Link(self.address), limit=MAX_BYTES)
        except SegmindError as error:
            raise Unreadable(self.filename, self.filename) from error


class NothingPosted(Exception):
    """The message has no picture or video."""


class AuthorOptedOut(Exception):
    """The author of the message does not let others use their pictures."""


@dataclass(frozen=True, slots=True)
class PostedFile:
    """Picture or video of a message."""

    file: Upload
    kind: MediaKind
    moves: bool = False
    """True if members see it as a GIF, though it may be a video."""


def posted_in(message: discord.Message, source: Source) -> list[PostedFile]:
    """Each picture and video once, in the order in which Discord shows them."""
    found: dict[str, PostedFile] = {}
    for part in (message, *message.message_snapshots):
        for address, posted in _media_of(part, source):
            found.setdefault(address, posted)
    return list(found.values())


def _media_of(
    part: discord.Message | discord.MessageSnapshot, source: Source
) -> Iterator[tuple[str, PostedFile]]:
    for attachment in part.attachments:
        media_type = attachment.content_type or _guess(attachment.filename)
        if kind := declared_kind(media_type):
            yield _unsigned(attachment.url), PostedFile(attachment, kind, media_type == GIF)
    for embed in part.embeds:
        if embed.type == "gifv":
            # Tenor and Giphy post their GIFs as MP4; the thumbnail would stand still.
            yield from _linked(embed.video, source, "video/mp4", moves=True)
            continue
        # The video of any other embed is usually the page of a player; its thumbnail is a picture.
        for media in (embed.image, embed.thumbnail):
            yield from _linked(media, source, GIF if _guess(media.url) == GIF else "image")
    for component in part.components:
        for media in _component_media(component):
            yield from _linked(media, source, media.content_type or _guess(media.url))


def _component_media(component: Any) -> Iterator[discord.UnfurledMediaItem]:
    match component:
        case discord.MediaGalleryComponent():
            yield from (item.media for item in component.items)
        case discord.ThumbnailComponent():
            yield component.media
        case discord.FileComponent():
            yield component.media
        case discord.SectionComponent():
            for inner in (*component.children, component.accessory):
                yield from _component_media(inner)
        case discord.Container():
            for inner in component.children:
                yield from _component_media(inner)
        case _:
            pass


def _linked(
    media: Any, source: Source, media_type: str | None, *, moves: bool = False
) -> Iterator[tuple[str, PostedFile]]:
    # Discord's own copy, where there is one, so that the other site learns nothing about the member.
    address = media.proxy_url or media.url
    kind = declared_kind(media_type)
    if kind is not None and str(address).startswith(("http://", "https://")):
        yield (
            _unsigned(media.url or address),
            PostedFile(
                LinkedFile(_name(media.url or address), address, source), kind, moves or media_type == GIF
            ),
        )


def _guess(address: str | None) -> str | None:
    """Media type by the name in an address."""
    return guess_type(_name(address or ""))[0]


def _unsigned(address: str) -> str:
    """The address without its signature, which differs each time Discord links to the same file."""
    return urlsplit(address)._replace(query="", fragment="").geturl()


def _name(address: str) -> str:
    return unquote(urlsplit(address).path.rpartition("/")[2]) or "file"
