"""Which face of the source goes on which face of the target."""

from dataclasses import dataclass

from bot.models import MAX_FACE_INDEXES


class NothingPaired(Exception):
    """No face of the source goes anywhere."""


@dataclass(slots=True)
class Pairing:
    """A member's choice. A place is a face of the target; faces and places count from 0, from the left."""

    chosen: list[int | None]
    """Face of the source for each place; None leaves the place as it is."""

    @classmethod
    def usual(cls, faces: int, places: int) -> "Pairing":
        """Faces in order; a single one goes on every place."""
        numbers = range(min(places, MAX_FACE_INDEXES))
        return cls([0 if faces == 1 else (number if number < faces else None) for number in numbers])

    def used(self) -> list[int]:
        """The faces of the source that go anywhere; raises `NothingPaired`."""
        faces = {face for face in self.chosen if face is not None}
        if not faces:
            raise NothingPaired
        return sorted(faces)

    def places(self) -> list[int]:
        """The places that get a face; `sources` returns their faces in the same order."""
        return [place for place, face in enumerate(self.chosen) if face is not None]

    def sources(self) -> list[int]:
        return [face for face in self.chosen if face is not None]
