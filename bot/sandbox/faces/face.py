"""A face in a picture: its mesh and measures derived from it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.topology import CHIN, FOREHEAD_TOP, LEFT_SIDE, RIGHT_SIDE


@dataclass(frozen=True, eq=False)
class Face:
    """A face mesh with the confidence of its detection."""

    mesh: Floats
    """468 by 3: x and y in pixels, depth in the same unit."""
    confidence: float

    @cached_property
    def box(self) -> Floats:
        """Left, top, right, bottom."""
        return np.concatenate([self.mesh[:, :2].min(axis=0), self.mesh[:, :2].max(axis=0)])

    @property
    def width(self) -> float:
        return float(self.box[2] - self.box[0])

    @property
    def height(self) -> float:
        return float(self.box[3] - self.box[1])

    @property
    def size(self) -> float:
        return max(self.width, self.height)

    @property
    def area(self) -> float:
        return self.width * self.height

    @cached_property
    def yaw(self) -> float:
        """Angle by which the head is turned to a side, in degrees, from the mesh's depth."""
        across = self.mesh[LEFT_SIDE] - self.mesh[RIGHT_SIDE]
        return math.degrees(math.atan2(float(across[2]), math.hypot(float(across[0]), float(across[1]))))

    @cached_property
    def upward(self) -> Floats:
        """Unit vector from the chin to the forehead."""
        return unit(self.mesh[FOREHEAD_TOP, :2] - self.mesh[CHIN, :2])

    @cached_property
    def rightward(self) -> Floats:
        """Unit vector across the face, to the right of the picture."""
        return unit(self.mesh[LEFT_SIDE, :2] - self.mesh[RIGHT_SIDE, :2])

    def moved(self, left: float, top: float, scale: float = 1.0) -> "Face":
        """Return the face in the coordinates of a crop that begins at (left, top) and is scaled."""
        return replace(self, mesh=floats((self.mesh - floats([left, top, 0])) * np.float32(scale)))

    def openness(self, upper: int, lower: int, left: int, right: int) -> float:
        """Return the opening of an eye or the mouth, relative to its width."""
        height = np.linalg.norm(self.mesh[upper, :2] - self.mesh[lower, :2])
        return float(height / (np.linalg.norm(self.mesh[left, :2] - self.mesh[right, :2]) + 1e-6))


@dataclass(frozen=True, eq=False)
class Portrait:
    """A picture with one of its faces."""

    picture: Picture
    face: Face


def unit(vector: Floats) -> Floats:
    return floats(vector / (np.linalg.norm(vector) + 1e-9))


def overlap(one: Face, other: Face) -> float:
    """Return the area that two faces' boxes share."""
    left_top = np.maximum(one.box[:2], other.box[:2])
    right_bottom = np.minimum(one.box[2:], other.box[2:])
    return float(np.prod(np.clip(right_bottom - left_top, 0, None)))


def in_order(faces: Iterable[Face], order: str) -> list[Face]:
    return sorted(faces, key=_ORDERS[order])


_ORDERS: dict[str, Callable[[Face], float]] = {
    "left-right": lambda face: float(face.box[0] + face.box[2]),
    "right-left": lambda face: -float(face.box[0] + face.box[2]),
    "top-bottom": lambda face: float(face.box[1] + face.box[3]),
    "bottom-top": lambda face: -float(face.box[1] + face.box[3]),
    "large-small": lambda face: -face.area,
    "small-large": lambda face: face.area,
    "best-worst": lambda face: -face.confidence,
    "worst-best": lambda face: face.confidence,
}
