"""Operations on faces, for `MediaWorker.run`."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from bot.media.types import FaceBox

if TYPE_CHECKING:
    from bot.sandbox.faces.detection.detector import LocalFaceDetector


def find_faces(content: bytes) -> Sequence[FaceBox]:
    """Find the faces of a picture, from left to right."""
    return _detector()(content)


def youngest_age(content: bytes) -> float | None:
    """Estimate the age of the face in a picture that looks youngest; None for a video or without a face."""
    return _detector().youngest_age(content)


@cache
def _detector() -> "LocalFaceDetector":
    from bot.sandbox.faces.detection.detector import LocalFaceDetector

    return LocalFaceDetector()
