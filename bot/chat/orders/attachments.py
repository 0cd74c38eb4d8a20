"""Reads and checks attachments, and gives each an address that Segmind can fetch."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakValueDictionary

import aiohttp
import discord

from bot.media.types import Animated, InspectedFile, Limits, TooLarge, UnusableMedia
from bot.media.workers import MediaWorkers
from bot.media_kind import MediaKind
from bot.models import MediaSlot
from bot.segmind.errors import SegmindError

# Orders whose files are small together, and how many of them are in memory at a time.
SMALL_BYTES = 8 * 2**20
SMALL_ORDERS = 4
# Places for all other orders. With the small ones, the files take 128 MiB at most.
LARGE_PLACES = 3
BYTES_PER_PLACE = 32 * 2**20
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

    def __init__(self, option: str, name: str, reason: UnusableMedia) -> None:
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


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """First frame of an animation, as an `Upload`."""

    animation: Upload

    @property
    def filename(self) -> str:
        return self.animation.filename

    @property
    def size(self) -> int:
        return self.animation.size

    @property
    def content_type(self) -> str | None:
        return self.animation.content_type

    @property
    def url(self) -> str:
        # Segmind would fetch the whole animation.
        return ""

    async def read(self) -> bytes:
        return await self.animation.read()


class Uploads(Protocol):
    """The part of the Segmind client that uploads files."""

    async def upload(self, content: bytes, media_type: str, name: str) -> str: ...


@dataclass(slots=True)
class LoadedFile:
    """A member's file, after a media worker has looked at it."""

    found: InspectedFile
    content: bytes | None
    """None once nobody needs it: Segmind fetches the file itself, or has received it."""


class Attachments:
    """Loads the files of orders. With `links`, Segmind fetches a file by its own link, without an upload."""

    def __init__(self, uploads: Uploads, workers: MediaWorkers, *, links: bool) -> None:
        self._uploads = uploads
        self._workers = workers
        self._links = links
        self._space = FileSpace()

    def check_declared(
        self, slots: Mapping[str, MediaSlot], files: Mapping[str, Upload], limits: Limits
    ) -> None:
        """Reject a file that is too large or of the wrong kind by Discord's own word, before reading it."""
        for option, file in files.items():
            accepts = slots[option].accepts
            found = declared_kind(file.content_type)
            if found is not None and found not in accepts:
                raise WrongKind(option, file.filename, found=found, accepts=accepts)
            allowed = _most_bytes(slots[option], limits)
            if file.size > allowed:
                raise Unusable(option, file.filename, TooLarge(file.size, allowed))

    @asynccontextmanager
    async def loaded(
        self,
        slots: Mapping[str, MediaSlot],
        files: Mapping[str, Upload],
        limits: Limits,
        *,
        member_id: int,
        copied: str = "",
    ) -> AsyncGenerator[dict[str, LoadedFile]]:
        """Load the files of a member's order, which stay in memory for the time of the context at most.

        The file of the option `copied` gets a small copy, if it is a picture.
        """
        self.check_declared(slots, files, limits)
        sizes = [file.size or _most_bytes(slots[option], limits) for option, file in files.items()]
        async with self._space.reserved(member_id, sizes):
            # One after the other: after a hostile file, the bot need not open the next one.
            yield {
                option: await self._load(option, slots[option], file, limits, copied=option == copied)
                for option, file in files.items()
            }

    async def inspect(
        self, option: str, slot: MediaSlot, file: Upload, limits: Limits, *, member_id: int
    ) -> InspectedFile:
        """Inspect a file that is not part of an order."""
        loading = self.loaded({option: slot}, {option: file}, limits, member_id=member_id, copied=option)
        async with loading as files:
            return files[option].found

    async def addresses(
        self, files: Mapping[str, Upload], loaded: Mapping[str, LoadedFile]
    ) -> dict[str, str]:
        """Give each file an address that Segmind can fetch."""
        found = [self._address(option, file, loaded[option]) for option, file in files.items()]
        return dict(zip(files, await asyncio.gather(*found), strict=True))

    async def _load(
        self, option: str, slot: MediaSlot, file: Upload, limits: Limits, *, copied: bool
    ) -> LoadedFile:
        content = await _read(option, file)
        try:
            found = await self._inspect(slot, file, content, limits, copied=copied)
        except UnusableMedia as reason:
            raise Unusable(option, file.filename, reason) from None
        if found.media.kind not in slot.accepts:
            raise WrongKind(option, file.filename, found=found.media.kind, accepts=slot.accepts)
        if found.converted is not None:
            return LoadedFile(replace(found, converted=None), found.converted)
        return LoadedFile(found, None if self._is_linked(file) else content)

    async def _inspect(
        self, slot: MediaSlot, file: Upload, content: bytes, limits: Limits, *, copied: bool
    ) -> InspectedFile:
        still = isinstance(file, FirstFrame)
        try:
            return await self._workers.uploads.inspect(content, limits, small_copy=copied, first_frame=still)
        except Animated:
            if MediaKind.VIDEO not in slot.accepts:
                raise
        return await self._workers.uploads.inspect_animation(content, limits)

    async def _address(self, option: str, file: Upload, loaded: LoadedFile) -> str:
        content, loaded.content = loaded.content, None
        if content is None:
            return file.url
        try:
            return await self._uploads.upload(content, loaded.found.media.media_type, file.filename)
        except SegmindError as error:
            raise UploadFailed(option, file.filename) from error

    def _is_linked(self, file: Upload) -> bool:
        return self._links and bool(file.url)


class FileSpace:
    """Bounds the files in memory: one order of each member, and few of all members together.

    A member's files go one after the other, so that nobody waits for many files of one member. Small orders
    have places of their own, so that none of them waits for a video on its way to Segmind.
    """

    def __init__(self) -> None:
        self._members: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._small = asyncio.Semaphore(SMALL_ORDERS)
        self._large = asyncio.Semaphore(LARGE_PLACES)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def reserved(self, member_id: int, sizes: Sequence[int]) -> AsyncGenerator[None]:
        """Wait for the member's turn, and for places for files of these sizes."""
        # A strong reference keeps the lock; without any, nobody needs it.
        own_turn = self._members.setdefault(member_id, asyncio.Lock())
        size = sum(sizes)
        places = self._small if size <= SMALL_BYTES else self._large_places(size)
        async with own_turn, places:
            yield

    @asynccontextmanager
    async def _large_places(self, size: int) -> AsyncGenerator[None]:
        taken = 0
        try:
            # One order takes its places at a time: two that had half of theirs would wait for each other.
            async with self._turn:
                for _ in range(min(LARGE_PLACES, 1 + size // BYTES_PER_PLACE)):
                    await self._large.acquire()
                    taken += 1
            yield
        finally:
            for _ in range(taken):
                self._large.release()


def _most_bytes(slot: MediaSlot, limits: Limits) -> int:
    return max(limits.bytes_of(kind) for kind in slot.accepts)


def declared_kind(media_type: str | None) -> MediaKind | None:
    """The kind of a file by its media type, or none where only its bytes can tell."""
    return _KINDS.get((media_type or "").partition("/")[0])


async def _read(option: str, file: Upload) -> bytes:
    try:
        return await file.read()
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
        raise Unreadable(option, file.filename) from error
