"""Distinguishes a face's skin from hair and objects in front of it."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, floats, pixels
from bot.sandbox.faces.swapping.warp import facing
from bot.sandbox.faces.topology import BARE_SKIN, INNER_LIPS, LEFT_EYE, OVAL, RIGHT_EYE, topology

_IN_VIEW = 0.35
_FEWEST_POINTS, _FEWEST_SAMPLES = 4, 5
_SMALLEST_SPREAD = (7, 4, 4.5)  # Variation of even a smooth face in L, a and b.


def to_lab(picture: Floats) -> Floats:
    return floats(cv2.cvtColor(np.clip(picture, 0, 255) / np.float32(255), cv2.COLOR_RGB2LAB))


def to_rgb(lab: Floats) -> Floats:
    return floats(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, 0, 255))


def gray(picture: Floats) -> Floats:
    return floats(cv2.cvtColor(pixels(picture), cv2.COLOR_RGB2GRAY))


def skin_area(mesh: Floats, shape: tuple[int, int]) -> Floats:
    """Return a mask that is 1 inside the face, without the eyes and the mouth."""
    area = np.zeros(shape, np.float32)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(mesh[OVAL, :2]).astype(np.int32)), (1,))
    for loop, growth in ((RIGHT_EYE, 1.9), (LEFT_EYE, 1.9), (INNER_LIPS, 1.5)):
        points = mesh[loop, :2]
        middle = points.mean(axis=0)
        grown = floats((points - middle) * floats([growth * 0.8, growth]) + middle)
        cv2.fillConvexPoly(area, cv2.convexHull(np.round(grown).astype(np.int32)), (0,))
    return area


def bare_points(mesh: Floats) -> Floats:
    """Return the points of bare skin that face the viewer."""
    towards = facing(mesh)
    view = np.array([towards[near].mean() for near in _triangles_around_bare_skin()])
    visible = view > _IN_VIEW
    if visible.sum() < _FEWEST_POINTS:
        visible = view >= np.sort(view)[-_FEWEST_POINTS]
    return mesh[np.array(BARE_SKIN)[visible], :2]


@cache
def _triangles_around_bare_skin() -> list[list[int]]:
    skin = topology().triangles[: topology().skin_count]
    return [np.nonzero((skin == point).any(axis=1))[0].tolist() for point in BARE_SKIN]


@dataclass(frozen=True, eq=False)
class Skin:
    """A picture of a face, and how far the colour of each pixel is from the skin's."""

    picture: Floats
    lab: Floats
    distance: Floats

    @classmethod
    def of(cls, picture: Floats, points: Floats, size: float) -> "Skin":
        """Compare a picture with its own colours at these points of bare skin."""
        lab = to_lab(picture)
        return cls(picture, lab, _distance(lab, _samples(lab, points, max(1, int(size * 0.02)))))

    def likeness(self, tolerance: float) -> Floats:
        """Return the similarity of each pixel to the skin, from 0 to 1."""
        return floats(1 / (1 + np.exp((self.distance - tolerance) * 1.8)))


def _distance(lab: Floats, samples: Floats | None) -> Floats:
    if samples is None:  # The face has left the picture, so all of it may be skin.
        return np.zeros(lab.shape[:2], np.float32)
    middle = np.median(samples, axis=0)
    apart = np.abs(samples - middle)
    samples = samples[(apart <= np.percentile(apart, 85, axis=0)).all(axis=1)]
    spread = samples.std(axis=0) if len(samples) > _FEWEST_SAMPLES else 0
    deviation = floats((lab - middle) / floats(np.maximum(spread, _SMALLEST_SPREAD)))
    # Skin varies more in light than in colour, so light counts less.
    deviation[..., 0] *= np.where(deviation[..., 0] > 0, 0.55, 0.75)
    return np.sqrt(np.einsum("ijc,ijc->ij", deviation, deviation))


def _samples(lab: Floats, points: Floats, reach: int) -> Floats | None:
    patches = [
        lab[max(0, y - reach) : max(0, y + reach + 1), max(0, x - reach) : max(0, x + reach + 1)].reshape(
            -1, 3
        )
        for x, y in np.round(points).astype(int).tolist()
    ]
    samples = np.concatenate(patches)
    return samples if len(samples) else None
