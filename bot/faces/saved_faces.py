"""Members' own faces: saved, found again, and forgotten when their time is over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.faces.cipher import FaceCipher
from bot.faces.face import (
    Face,
    FaceRepository,
    FacesOff,
    NoSuchFace,
    SealedFace,
    TooManyFaces,
    UnreadableFace,
    tidy,
)
from bot.faces.normalize import normalize, suffix_of
from bot.media.probe import Limits

log = structlog.stdlib.get_logger(__name__)

DAY = 24 * 3600.0
SWEEP_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class OpenedFace:
    """A face as a file, ready for an order."""

    name: str
    filename: str
    content: bytes


class SavedFaces:
    """Every member sees, uses and deletes their own faces alone."""

    def __init__(
        self,
        repository: FaceRepository,
        cipher: FaceCipher | None,
        clock: Clock,
        limits: Limits,
        *,
        days: float,
        per_member: int,
    ) -> None:
        """Without a seal nothing is kept, and what was kept before stays closed."""
        self._shelf = repository
        self._seal = cipher
        self._clock = clock
        self.limits = limits
        self._days = days
        self._per_member = per_member
        # A picture takes some memory while it is made smaller.
        self._easel = asyncio.Semaphore(2)

    @property
    def enabled(self) -> bool:
        return self._seal is not None

    async def save(self, owner: int, name: str, content: bytes, *, default: bool = False) -> Face:
        """Raises `UnusableMedia` or `FaceError`."""
        seal = self._sealing()
        name = tidy(name)
        async with self._easel:
            made = await asyncio.to_thread(normalize, content, self.limits)
            sealed = await asyncio.to_thread(seal.encrypt, owner, made.content)
        now = self._clock.now()
        face = Face(name, len(made.content), now, now + self._days * DAY, default)
        if not await self._shelf.keep(owner, SealedFace(face, sealed), now=now, most=self._per_member):
            raise TooManyFaces(self._per_member)
        return face

    async def all_of(self, owner: int) -> Sequence[Face]:
        return await self._shelf.all_of(owner, now=self._clock.now())

    async def find(self, owner: int, name: str) -> OpenedFace:
        seal = self._sealing()
        kept = await self._shelf.find(owner, name, now=self._clock.now())
        if kept is None:
            raise NoSuchFace(name)
        return await _opened(seal, owner, kept)

    async def default_of(self, owner: int) -> OpenedFace | None:
        if self._seal is None:
            return None
        kept = await self._shelf.find(owner, None, now=self._clock.now())
        return None if kept is None else await _opened(self._seal, owner, kept)

    async def choose(self, owner: int, name: str | None) -> None:
        """Which face is used where none is given; none of them, without a name."""
        self._sealing()
        if not await self._shelf.choose(owner, name, now=self._clock.now()) and name is not None:
            raise NoSuchFace(name)

    async def delete(self, owner: int, name: str) -> None:
        """Works without the key, too: whoever wants to be forgotten needs none."""
        if not await self._shelf.drop(owner, name):
            raise NoSuchFace(name)

    async def forget(self, owner: int) -> int:
        """All faces of a member; how many there were."""
        return await self._shelf.drop_all(owner)

    async def sweep(self) -> int:
        return await self._shelf.sweep(self._clock.now())

    async def run(self) -> None:
        """Drop what expired, for as long as nobody cancels this."""
        while True:
            try:
                if count := await self.sweep():
                    log.info("saved faces expired", count=count)
            except Exception as error:  # noqa: BLE001 - a database that is away now will be back.
                log.warning("saved faces could not be swept", error=type(error).__name__)
            await self._clock.sleep(SWEEP_EVERY)

    def _sealing(self) -> FaceCipher:
        if self._seal is None:
            raise FacesOff
        return self._seal


async def _opened(seal: FaceCipher, owner: int, kept: SealedFace) -> OpenedFace:
    name = kept.face.name
    try:
        content = await asyncio.to_thread(seal.decrypt, owner, kept.sealed)
    except UnreadableFace:
        # Said aloud: a key that the operator took away makes all of them useless.
        log.warning("a saved face cannot be opened with the keys that are set")
        raise UnreadableFace(name) from None
    return OpenedFace(name, f"face{suffix_of(content)}", content)
