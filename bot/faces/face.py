"""A saved face as the lists know it, what the store keeps of it, and what can be wrong with one (pure).

FaceError
├── FacesOff        the operator has set no key
├── NoSuchFace      none of this name, or it expired
├── TooManyFaces    the member has as many as may be
├── BadName         nothing that could be typed again
└── Unopened        sealed with a key that is no longer known
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

NAME_LIMIT = 32


class FaceError(Exception):
    """Any of the above."""


class FacesOff(FaceError):
    pass


class NoSuchFace(FaceError):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class TooManyFaces(FaceError):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class BadName(FaceError):
    pass


class UnreadableFace(FaceError):
    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name


@dataclass(frozen=True, slots=True)
class Face:
    """What is told of a face without opening it."""

    name: str
    size: int
    """The bytes of the picture."""
    saved_at: float
    expires_at: float
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class SealedFace:
    """A face and its sealed picture."""

    face: Face
    sealed: bytes


class FaceRepository(Protocol):
    """Where faces are kept. What expired is not found, even before it is swept out."""

    async def all_of(self, user_id: int, *, now: float) -> Sequence[Face]:
        """By name."""
        ...

    async def find(self, user_id: int, name: str | None, *, now: float) -> SealedFace | None:
        """The one of this name, or the default one."""
        ...

    async def keep(self, user_id: int, kept: SealedFace, *, now: float, most: int) -> bool:
        """Add it, or put it in the place of the one of the same name. False where there are too many."""
        ...

    async def choose(self, user_id: int, name: str | None, *, now: float) -> bool:
        """Make it the default, or none of them. False where there is no such face."""
        ...

    async def drop(self, user_id: int, name: str) -> bool:
        """False where there was none."""
        ...

    async def drop_all(self, user_id: int) -> int:
        """Everything of this member; how many there were."""
        ...

    async def sweep(self, now: float) -> int:
        """Drop what expired; how many there were."""
        ...


def tidy(name: str) -> str:
    """The name on one line, as it is shown and found again."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    found = " ".join(plain.replace("`", "'").split())
    if not found or len(found) > NAME_LIMIT:
        raise BadName
    return found


def key_of(name: str) -> str:
    """Names that differ by capitals alone are one."""
    return name.casefold()
