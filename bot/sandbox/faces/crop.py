"""Cuts upright squares out of pictures, as the networks require them."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats, pixels
from bot.sandbox.faces.topology import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

_ALIASING_BELOW = 0.5


@dataclass(frozen=True, eq=False)
class Region:
    """A square in a picture, turned so that the eyes lie level."""

    centre: Floats
    side: float
    angle: float

    @classmethod
    def around(cls, mesh: Floats, margin: float) -> "Region":
        between_eyes = mesh[LEFT_EYE_CORNERS[0], :2] - mesh[RIGHT_EYE_CORNERS[0], :2]
        angle = math.atan2(float(between_eyes[1]), float(between_eyes[0]))
        turn = floats([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        upright = mesh[:, :2] @ turn.T
        low, high = upright.min(axis=0), upright.max(axis=0)
        return cls(floats(turn.T @ ((low + high) / 2)), float((high - low).max()) * margin, angle)

    def matrix(self, side: int) -> Floats:
        """Return the transform from the picture to a square with this side."""
        scale = side / self.side
        cosine, sine = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        x, y = self.centre
        return floats(
            [
                [cosine, sine, side / 2 - cosine * x - sine * y],
                [-sine, cosine, side / 2 + sine * x - cosine * y],
            ]
        )


def cut(picture: Picture, matrix: Floats, side: int) -> Picture:
    """Cut a square under a similarity transform; shrink the picture first where sampling would alias."""
    scale = math.hypot(float(matrix[0, 0]), float(matrix[0, 1]))
    if scale < _ALIASING_BELOW:
        picture, matrix = _shrunk(picture, matrix, side, scale * 2)
    return pixels(
        cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _shrunk(picture: Picture, matrix: Floats, side: int, factor: float) -> tuple[Picture, Floats]:
    """Shrink only the part that the square covers; most of a large picture lies outside it."""
    inverse = floats(cv2.invertAffineTransform(matrix))
    corners = floats([[0, 0], [side, 0], [0, side], [side, side]]) @ inverse[:, :2].T + inverse[:, 2]
    limits = (picture.shape[1], picture.shape[0])
    left, top = (int(np.clip(math.floor(corners[:, axis].min()), 0, limits[axis] - 1)) for axis in (0, 1))
    right, bottom = (int(np.clip(math.ceil(corners[:, axis].max()), 1, limits[axis])) for axis in (0, 1))
    area = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
    width, height = (max(1, round(length * factor)) for length in (area.shape[1], area.shape[0]))
    small = pixels(cv2.resize(area, (width, height), interpolation=cv2.INTER_AREA))
    step_x, step_y = area.shape[1] / width, area.shape[0] / height
    back = floats(
        [
            [step_x, 0, left + (step_x - 1) / 2],
            [0, step_y, top + (step_y - 1) / 2],
            [0, 0, 1],
        ]
    )
    return small, floats(matrix @ back)
