"""Saved faces of members: save, find, choose a default, delete, and expire."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.clock import Clock
from bot.faces.face import (
    Face,
    FaceRepository,
    FacesOff,
    NoSuchFace,
    SealedFace,
    TooManyFaces,
    UnreadableFace,
    normalize_name,
)
from bot.ledger.allowance import DAY
from bot.media.types import SmallCopy
from bot.periodic import ONCE_SETTLED, run_periodically

if TYPE_CHECKING:
    # Loads what few operators need: without a key, nobody can save a face.
    from bot.faces.cipher import FaceCipher

log = structlog.stdlib.get_logger(__name__)

SWEEP_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class OpenedFace:
    """A decrypted face as a file, ready for an order."""

    name: str
    filename: str
    content: bytes


class SavedFaces:
    """Every member sees, uses and deletes only their own faces."""

    def __init__(
        self,
        repository: FaceRepository,
        cipher: "FaceCipher | None",
        clock: Clock,
        *,
        days: float,
        per_member: int,
    ) -> None:
        """Take no cipher to turn saved faces off: members can then only list and delete."""
        self._repository = repository
        self._cipher = cipher
        self._clock = clock
        self._days = days
        self._per_member = per_member

    @property
    def enabled(self) -> bool:
        return self._cipher is not None

    async def save(self, owner: int, name: str, picture: SmallCopy, *, default: bool = False) -> Face:
        """Save a picture as a face; raises `FaceError`."""
        cipher = self._require_cipher()
        name = normalize_name(name)
        sealed = await asyncio.to_thread(cipher.encrypt, owner, picture.content)
        now = self._clock.now()
        face = Face(name, len(picture.content), now, now + self._days * DAY, default)
        if not await self._repository.keep(owner, SealedFace(face, sealed), now=now, most=self._per_member):
            raise TooManyFaces(self._per_member)
        return face

    async def all_of(self, owner: int) -> Sequence[Face]:
        return await self._repository.all_of(owner, now=self._clock.now())

    async def find(self, owner: int, name: str) -> OpenedFace:
        cipher = self._require_cipher()
        found = await self._repository.find(owner, name, now=self._clock.now())
        if found is None:
            raise NoSuchFace(name)
        return await _decrypt(cipher, owner, found)

    async def default_of(self, owner: int) -> OpenedFace | None:
        if self._cipher is None:
            return None
        found = await self._repository.find(owner, None, now=self._clock.now())
        return None if found is None else await _decrypt(self._cipher, owner, found)

    async def choose(self, owner: int, name: str | None) -> None:
        """Set the default face, or clear it."""
        self._require_cipher()
        if not await self._repository.choose(owner, name, now=self._clock.now()) and name is not None:
            raise NoSuchFace(name)

    async def delete(self, owner: int, name: str) -> None:
        # This works without a key, so that members can always delete their data.
        if not await self._repository.drop(owner, name):
            raise NoSuchFace(name)

    async def forget(self, owner: int) -> int:
        """Delete all faces of a member; return their number."""
        return await self._repository.drop_all(owner)

    async def run(self) -> None:
        await run_periodically(
            self.sweep,
            self._clock,
            SWEEP_EVERY,
            "deletion of expired faces failed",
            initial_delay=ONCE_SETTLED,
        )

    async def sweep(self) -> int:
        """Delete expired faces; return their number."""
        if count := await self._repository.sweep(self._clock.now()):
            log.info("expired faces deleted", count=count)
        return count

    def _require_cipher(self) -> "FaceCipher":
        if self._cipher is None:
            raise FacesOff
        return self._cipher


async def _decrypt(cipher: "FaceCipher", owner: int, sealed: SealedFace) -> OpenedFace:
    name = sealed.face.name
    try:
        content = await asyncio.to_thread(cipher.decrypt, owner, sealed.sealed)
    except UnreadableFace:
        # The operator has to know: removing a key makes all of its faces useless.
        log.warning("saved face could not be decrypted")
        raise UnreadableFace(name) from None
    suffix = ".png" if content.startswith(b"\x89PNG") else ".jpg"
    return OpenedFace(name, f"face{suffix}", content)
