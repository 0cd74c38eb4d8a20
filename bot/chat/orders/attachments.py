"""Attachments become inputs: read, looked at, and given an address that Segmind can fetch."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import discord

from bot.media import probe
from bot.models import MediaKind, MediaSlot
from bot.segmind.protocol import SegmindError

# So many files are held in memory at once; the others wait their turn.
READ_AT_ONCE = 4


class InputError(Exception):
    """An attachment that cannot be used; `option` is the slash option that it was given to."""

    def __init__(self, option: str, name: str) -> None:
        super().__init__(f"{option}: {type(self).__name__}")
        self.option = option
        self.name = name


class Unreadable(InputError):
    """Discord did not give the bytes."""


class UploadFailed(InputError):
    """Segmind did not take the bytes."""


class WrongKind(InputError):
    def __init__(self, option: str, name: str, *, found: MediaKind, accepts: frozenset[MediaKind]) -> None:
        super().__init__(option, name)
        self.found = found
        self.accepts = accepts


class Unusable(InputError):
    def __init__(self, option: str, name: str, why: probe.UnusableMedia) -> None:
        super().__init__(option, name)
        self.why = why


class Upload(Protocol):
    """A file that a member gave, wherever it came from: attached, picked from a message, or saved before."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def url(self) -> str:
        """Where Segmind can fetch it by itself; nothing where it cannot."""
        ...

    async def read(self) -> bytes: ...


class Uploads(Protocol):
    async def upload(self, content: bytes, media_type: str, name: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Input:
    address: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class LoadedFile:
    content: bytes
    media: probe.Media


class Attachments:
    """`uploads` is where bytes go before a job; with `links`, Segmind is given a file's own link instead."""

    def __init__(self, uploads: Uploads, *, links: bool) -> None:
        self._uploads = uploads
        self._links = links
        self._room = asyncio.Semaphore(READ_AT_ONCE)

    def check_size(
        self,
        slots: Mapping[str, MediaSlot],
        files: Mapping[str, Upload],
        limits: probe.Limits,
    ) -> None:
        """Refuse what is too large by Discord's own word, before a byte of it is read."""
        for option, file in files.items():
            allowed = max(limits.bytes_of(kind) for kind in slots[option].accepts)
            if file.size > allowed:
                raise Unusable(option, file.filename, probe.TooLarge(file.size, allowed))

    async def load(self, option: str, slot: MediaSlot, file: Upload, limits: probe.Limits) -> LoadedFile:
        async with self._room:
            content = await _read(option, file)
            try:
                media = await asyncio.to_thread(probe.inspect, content, limits)
            except probe.UnusableMedia as why:
                raise Unusable(option, file.filename, why) from None
        if media.kind not in slot.accepts:
            raise WrongKind(option, file.filename, found=media.kind, accepts=slot.accepts)
        return LoadedFile(content, media)

    async def content(self, option: str, slot: MediaSlot, file: Upload, limits: probe.Limits) -> bytes:
        """What is in a file that is no part of an order."""
        self.check_size({option: slot}, {option: file}, limits)
        return (await self.load(option, slot, file, limits)).content

    async def address(self, option: str, file: Upload, seen: LoadedFile) -> str:
        if self._links and file.url:
            return file.url
        try:
            return await self._uploads.upload(seen.content, seen.media.media_type, file.filename)
        except SegmindError as error:
            raise UploadFailed(option, file.filename) from error


async def _read(option: str, file: Upload) -> bytes:
    try:
        return await file.read()
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        raise Unreadable(option, file.filename) from error
