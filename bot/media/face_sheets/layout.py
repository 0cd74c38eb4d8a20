"""Geometry of a sheet: the faces of separate photos in one row, for a model that takes a single picture.

Each tile is smaller than the one before it, and all stand on one line. So the faces have the same order from
left to right, from top to bottom and from large to small, whichever way the model counts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.media.types import FaceBox

LARGEST = 512
"""Side of the first tile: several times what a model sees of a face."""
_SHRINK = 0.875
_GAP = 16
# The hair and the chin belong to the picture of a face.
_MARGIN = 2.2


@dataclass(frozen=True, slots=True)
class Square:
    """Square of a picture, in pixels; it may reach beyond the edges."""

    left: int
    top: int
    side: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.left + self.side, self.top + self.side


def tiles(count: int) -> list[Square]:
    found: list[Square] = []
    left = 0
    for number in range(count):
        side = round(LARGEST * _SHRINK**number)
        found.append(Square(left, LARGEST - side, side))
        left += side + _GAP
    return found


def sheet_size(count: int) -> tuple[int, int]:
    last = tiles(count)[-1]
    return last.left + last.side, LARGEST


def tile_boxes(count: int) -> Sequence[FaceBox]:
    """The tiles in fractions of the sheet, from left to right."""
    width, height = sheet_size(count)
    return [
        FaceBox(left / width, top / height, right / width, bottom / height)
        for left, top, right, bottom in (tile.box for tile in tiles(count))
    ]


def face_square(box: tuple[int, int, int, int]) -> Square:
    """Square around a face, whose box is in pixels."""
    left, top, right, bottom = box
    side = round(_MARGIN * max(right - left, bottom - top))
    return Square((left + right - side) // 2, (top + bottom - side) // 2, side)


def whole_square(size: tuple[int, int]) -> Square:
    """Smallest square that holds a whole picture of this size."""
    side = max(size)
    return Square((size[0] - side) // 2, (size[1] - side) // 2, side)
