"""Detected faces, and the pairs of numbers that members type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.media.types import FaceBox
from bot.models import MAX_FACE_INDEXES


class FaceDetector(Protocol):
    """Finds faces in a picture; a function of a module, so that a media worker can call it."""

    __name__: str

    def __call__(self, content: bytes) -> Sequence[FaceBox]:
        """Return the faces from left to right."""
        ...


# Smaller parts of a picture give a blurred face.
MIN_FACE_WIDTH = 0.06
# A smaller face beside the largest one is somebody in the background.
SECOND_FACE_WIDTH = 0.6

FaceProblem = Literal["none", "several", "tiny"]


class UnclearFace(Exception):
    """The picture does not show one clear face to save."""

    def __init__(self, problem: FaceProblem) -> None:
        super().__init__(problem)
        self.problem: FaceProblem = problem


class BadPairs(Exception):
    """The member typed face numbers that the two pictures do not have; `example` is valid input."""

    def __init__(self, sources: int, targets: int) -> None:
        super().__init__(sources, targets)
        self.sources = sources
        self.targets = targets
        self.example = format_pairs(default_pairs(sources, targets))


@dataclass(frozen=True, slots=True)
class Pair:
    """A face of the first picture and the face of the second that it replaces, numbered from 1."""

    source: int
    target: int


def require_one_face(faces: Sequence[FaceBox]) -> None:
    """Raise `UnclearFace` unless one face is large enough and stands out."""
    widths = sorted((face.right - face.left for face in faces), reverse=True)
    if not widths:
        raise UnclearFace("none")
    if widths[0] < MIN_FACE_WIDTH:
        raise UnclearFace("tiny")
    if len(widths) > 1 and widths[1] > widths[0] * SECOND_FACE_WIDTH:
        raise UnclearFace("several")


def default_pairs(sources: int, targets: int) -> list[Pair]:
    """Pair the faces in order; a single source replaces every target."""
    if sources == 1:
        return [Pair(1, number) for number in range(1, min(targets, MAX_FACE_INDEXES) + 1)]
    return [Pair(number, number) for number in range(1, min(sources, targets, MAX_FACE_INDEXES) + 1)]


def format_pairs(pairs: Sequence[Pair]) -> str:
    return ", ".join(f"{pair.source} > {pair.target}" for pair in pairs)


def parse_pairs(text: str, sources: int, targets: int) -> list[Pair]:
    """Parse pairs such as `1 > 2, 2 > 1`, with any separators between the numbers."""
    numbers = [int(number) for number in re.findall(r"\d{1,3}", text)]
    pairs = [Pair(*both) for both in zip(numbers[::2], numbers[1::2], strict=False)]
    exist = all(1 <= pair.source <= sources and 1 <= pair.target <= targets for pair in pairs)
    if not pairs or len(numbers) % 2 or not exist or len({pair.target for pair in pairs}) < len(pairs):
        raise BadPairs(sources, targets)
    return pairs
