"""Saved faces as data: names, errors, and the repository that stores them.

FaceError
├── FacesOff
├── NoSuchFace
├── TooManyFaces
├── BadName
└── UnreadableFace
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

NAME_LIMIT = 32


class FaceError(Exception):
    """A saved face cannot be saved or used."""


class FacesOff(FaceError):
    """The operator has set no key for saved faces."""


class NoSuchFace(FaceError):
    """The member has no face of this name, or it expired."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class TooManyFaces(FaceError):
    """The member has reached the limit of saved faces."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class BadName(FaceError):
    """The name is too long, or has no printable characters."""


class UnreadableFace(FaceError):
    """None of the keys decrypts the face for this owner."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name


@dataclass(frozen=True, slots=True)
class Face:
    """A saved face without its picture."""

    name: str
    size: int
    """Size of the picture in bytes."""
    saved_at: float
    expires_at: float
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class SealedFace:
    """A saved face with its encrypted picture."""

    face: Face
    sealed: bytes


class FaceRepository(Protocol):
    """Stores faces; the store implements it. Expired faces are not found, even before the sweep."""

    async def all_of(self, user_id: int, *, now: float) -> Sequence[Face]:
        """Find a member's faces, sorted by name."""
        ...

    async def find(self, user_id: int, name: str | None, *, now: float) -> SealedFace | None:
        """Find a face by name, or the default face."""
        ...

    async def keep(self, user_id: int, kept: SealedFace, *, now: float, most: int) -> bool:
        """Add a face, or replace the one of the same name. False if the member has too many."""
        ...

    async def choose(self, user_id: int, name: str | None, *, now: float) -> bool:
        """Set the default face, or clear it. False if there is no such face."""
        ...

    async def drop(self, user_id: int, name: str) -> bool:
        """Delete a face. False if there was none."""
        ...

    async def drop_all(self, user_id: int) -> int:
        """Delete all faces of a member; return their number."""
        ...

    async def sweep(self, now: float) -> int:
        """Delete expired faces; return their number."""
        ...


def normalize_name(name: str) -> str:
    """Normalise a name to printable characters and single spaces; raises `BadName`."""
    printable = "".join(letter if letter.isprintable() else " " for letter in name)
    result = " ".join(printable.replace("`", "'").split())
    if not result or len(result) > NAME_LIMIT:
        raise BadName
    return result


def key_of(name: str) -> str:
    """Key of a name, which is the same for names that differ in case only."""
    return name.casefold()
