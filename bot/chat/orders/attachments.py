"""Reads and checks attachments, and gives each an address that Segmind can fetch."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import discord

from bot.media import probe
from bot.models import MediaKind, MediaSlot
from bot.segmind.protocol import SegmindError

# Bounds the memory for files of orders.
MAX_READING = 4
_KINDS = {"image": MediaKind.PICTURE, "video": MediaKind.VIDEO}


class InputError(Exception):
    """An attachment that cannot be used; `option` is the slash option that it was given to."""

    def __init__(self, option: str, name: str) -> None:
        super().__init__(f"{option}: {type(self).__name__}")
        self.option = option
        self.name = name


class Unreadable(InputError):
    """Discord did not return the bytes."""


class UploadFailed(InputError):
    """Segmind did not accept the bytes."""


class WrongKind(InputError):
    """A picture where a video belongs, or the other way round."""

    def __init__(self, option: str, name: str, *, found: MediaKind, accepts: frozenset[MediaKind]) -> None:
        super().__init__(option, name)
        self.found = found
        self.accepts = accepts


class Unusable(InputError):
    """A file that cannot be processed, for `reason`."""

    def __init__(self, option: str, name: str, reason: probe.UnusableMedia) -> None:
        super().__init__(option, name)
        self.reason = reason


class Upload(Protocol):
    """A member's file: attached, taken from a message, or saved before."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def content_type(self) -> str | None:
        """Media type that Discord derived from the name, if any."""
        ...

    @property
    def url(self) -> str:
        """Address where Segmind can fetch the file itself; empty if it cannot."""
        ...

    async def read(self) -> bytes: ...


class Uploads(Protocol):
    """The part of the Segmind client that uploads files."""

    async def upload(self, content: bytes, media_type: str, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """Content of a file, with its kind and size."""

    content: bytes
    media: probe.Media


class Attachments:
    """Loads the files of orders. With `links`, Segmind fetches a file by its own link, without an upload."""

    def __init__(self, uploads: Uploads, *, links: bool) -> None:
        self._uploads = uploads
        self._links = links
        self._reading = asyncio.Semaphore(MAX_READING)

    def check_declared(
        self,
        slots: Mapping[str, MediaSlot],
        files: Mapping[str, Upload],
        limits: probe.Limits,
    ) -> None:
        """Reject a file that is too large or of the wrong kind by Discord's own word, before reading it."""
        for option, file in files.items():
            accepts = slots[option].accepts
            found = declared_kind(file.content_type)
            if found is not None and found not in accepts:
                raise WrongKind(option, file.filename, found=found, accepts=accepts)
            allowed = max(limits.bytes_of(kind) for kind in accepts)
            if file.size > allowed:
                raise Unusable(option, file.filename, probe.TooLarge(file.size, allowed))

    async def load(self, option: str, slot: MediaSlot, file: Upload, limits: probe.Limits) -> LoadedFile:
        async with self._reading:
            content = await _read(option, file)
            try:
                media = await asyncio.to_thread(probe.inspect, content, limits)
            except probe.UnusableMedia as reason:
                raise Unusable(option, file.filename, reason) from None
        if media.kind not in slot.accepts:
            raise WrongKind(option, file.filename, found=media.kind, accepts=slot.accepts)
        return LoadedFile(content, media)

    async def content(self, option: str, slot: MediaSlot, file: Upload, limits: probe.Limits) -> bytes:
        """Content of a file that is not part of an order."""
        self.check_declared({option: slot}, {option: file}, limits)
        return (await self.load(option, slot, file, limits)).content

    async def address(self, option: str, file: Upload, loaded: LoadedFile) -> str:
        if self._links and file.url:
            return file.url
        try:
            return await self._uploads.upload(loaded.content, loaded.media.media_type, file.filename)
        except SegmindError as error:
            raise UploadFailed(option, file.filename) from error


def declared_kind(media_type: str | None) -> MediaKind | None:
    """The kind of a file by its media type, or none where only its bytes can tell."""
    return _KINDS.get((media_type or "").partition("/")[0])


async def _read(option: str, file: Upload) -> bytes:
    try:
        return await file.read()
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        raise Unreadable(option, file.filename) from error
