"""Selects the faces to swap."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.faces.arrays import Floats
from bot.sandbox.faces.detection.people import distance
from bot.sandbox.faces.detection.tracking import Track
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.face import Face, in_order

_ANY_AGE = (0, 100)


@dataclass(frozen=True)
class Filter:
    """Condition on gender and age."""

    gender: str | None = None
    ages: tuple[int, int] = _ANY_AGE

    def passes(self, track: Track) -> bool:
        if self.gender and track.gender != self.gender:
            return False
        return self.ages == _ANY_AGE or self.ages[0] <= track.age <= self.ages[1]


@dataclass(frozen=True, eq=False)
class Selector:
    """Selection of AI face swap: filter, order, and optionally a reference face."""

    mode: str
    """many, one or reference."""
    order: str
    filter: Filter
    max_distance: float = 1.0
    reference: Floats | None = None

    def candidates(self, tracks: Sequence[Track]) -> list[Track]:
        by_face = {id(track.face): track for track in tracks if self.filter.passes(track)}
        ordered = in_order((track.face for track in by_face.values()), self.order)
        return [by_face[id(face)] for face in ordered]

    def select(self, tracks: Sequence[Track]) -> list[Track]:
        candidates = self.candidates(tracks)
        if self.mode == "many":
            return candidates
        if self.reference is None:
            return candidates[:1]
        # A reference is one person, so only the closest face is taken.
        reference = self.reference
        near = sorted(candidates, key=lambda track: distance(track.embedding, reference))
        return [track for track in near[:1] if distance(track.embedding, reference) <= self.max_distance]


def indices(text: str, what: str) -> list[int]:
    """Parse indices such as "0,2,1"."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise CannotSwap(f"{what} must be numbers with commas between them, such as 0 or 0,1,2.")
    return [int(part) for part in parts]


def pick(faces: Sequence[Face], wanted: Sequence[int], whose: str) -> list[Face]:
    for index in wanted:
        if index >= len(faces):
            shows = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
            raise CannotSwap(f"The {whose} shows {shows}, so there is no face {index}; counting begins at 0.")
    return [faces[index] for index in wanted]
