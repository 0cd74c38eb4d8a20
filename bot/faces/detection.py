"""Detected faces."""

from collections.abc import Sequence
from typing import Literal, Protocol

from bot.media.types import FaceBox


class FaceDetector(Protocol):
    """Finds faces in a picture; a function of a module, so that a media worker can call it."""

    __name__: str

    def __call__(self, content: bytes) -> Sequence[FaceBox]:
        """Return the faces from left to right."""
        ...


class AgeEstimator(Protocol):
    """Estimates ages; a function of a module, so that a media worker can call it."""

    __name__: str

    def __call__(self, content: bytes) -> float | None:
        """Return the age of the face that looks youngest, or None if the file shows no face."""
        ...


# Smaller parts of a picture give a blurred face.
MIN_FACE_WIDTH = 0.06
# A smaller face next to the largest one is somebody in the background.
SECOND_FACE_WIDTH = 0.6

FaceProblem = Literal["none", "several", "tiny"]


class UnclearFace(Exception):
    """The picture does not show one clear face."""

    def __init__(self, problem: FaceProblem) -> None:
        super().__init__(problem)
        self.problem: FaceProblem = problem


def require_one_face(faces: Sequence[FaceBox]) -> None:
    """Raise `UnclearFace` unless one face is large enough and stands out."""
    widths = sorted((face.right - face.left for face in faces), reverse=True)
    if not widths:
        raise UnclearFace("none")
    if widths[0] < MIN_FACE_WIDTH:
        raise UnclearFace("tiny")
    if len(widths) > 1 and widths[1] > widths[0] * SECOND_FACE_WIDTH:
        raise UnclearFace("several")
