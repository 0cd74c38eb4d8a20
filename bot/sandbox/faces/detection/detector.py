"""Finds the faces that members choose by number."""

from collections.abc import Sequence
from functools import cached_property

from bot.media.types import FaceBox
from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.detection.finder import FaceFinder
from bot.sandbox.faces.detection.people import PersonClassifier
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import in_order
from bot.sandbox.faces.photo import read_photo


class LocalFaceDetector:
    """Face detector that loads its networks when it gets its first picture."""

    def __call__(self, content: bytes) -> Sequence[FaceBox]:
        picture = _read(content)
        if picture is None:
            return []
        faces = in_order(self._finder.faces(picture), "left-right")
        height, width = picture.shape[:2]
        return [
            FaceBox(*(float(side) / whole for side, whole in zip(face.box, (width, height) * 2, strict=True)))
            for face in faces
        ]

    def youngest_age(self, content: bytes) -> float | None:
        picture = _read(content)
        if picture is None:
            return None
        return min((self._people.age(picture, face) for face in self._finder.faces(picture)), default=None)

    @cached_property
    def _people(self) -> PersonClassifier:
        return PersonClassifier()

    @cached_property
    def _finder(self) -> FaceFinder:
        return FaceFinder()


def _read(content: bytes) -> Picture | None:
    try:
        return read_photo(content, "picture").on_white()
    except CannotSwap:
        return None
