"""Masks: the opacity of the new face at each pixel."""

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, floats, pixels
from bot.sandbox.faces.swapping.skin import Skin, gray
from bot.sandbox.faces.topology import FOREHEAD, OVAL, smoothstep

_FEATHER = 0.075
_TARGETS_HAIR, _SOURCES_HAIR = 4.6, 3.3  # Tolerances around the skin's colour.


def face_mask(mesh: Floats, target: Skin, warped: Skin, coverage: Floats, size: float) -> Floats:
    """Return the oval of the face with a soft rim, without the hair in front of either face."""
    oval = np.minimum(polygon(mesh[OVAL, :2], coverage.shape), coverage)
    to_rim = cv2.distanceTransform((oval > 0.5).astype(np.uint8), cv2.DIST_L2, 3)  # noqa: PLR2004 - half covered.
    mask = smoothstep(floats(to_rim / max(2.0, size * _FEATHER)))
    forehead = _forehead(mesh, coverage.shape, size)
    for skin, tolerance in ((target, _TARGETS_HAIR), (warped, _SOURCES_HAIR)):
        bare = _smoothed(skin.picture, skin.likeness(tolerance), size)
        mask = mask * (1 - forehead * (1 - bare))
    return floats(mask)


def polygon(points: Floats, shape: tuple[int, ...], softness: float = 0) -> Floats:
    area = np.zeros(shape, np.uint8)
    cv2.fillPoly(area, [np.round(points * 16).astype(np.int32)], (255,), lineType=cv2.LINE_AA, shift=4)
    mask = floats(area) / np.float32(255)
    return floats(cv2.GaussianBlur(mask, (0, 0), softness)) if softness else mask


def with_hole(mask: Floats, loop: Floats, size: float) -> Floats:
    """Cut a hole along a loop of points, where the target shows through."""
    return floats(mask * (1 - polygon(loop, mask.shape, max(0.6, size * 0.012))))


def grown(mask: Floats, by: float, coverage: Floats, size: float) -> Floats:
    """Widen the mask by some pixels, but never beyond the face."""
    reach = 2 * round(by) + 1
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    soft = floats(cv2.GaussianBlur(wide, (0, 0), max(0.5, by * 0.35)))
    to_rim = cv2.distanceTransform((coverage > 0).astype(np.uint8), cv2.DIST_L2, 3)
    return floats(np.clip(soft, 0, 1) * np.clip(to_rim / max(1.0, size * 0.02), 0, 1))


def _forehead(mesh: Floats, shape: tuple[int, ...], size: float) -> Floats:
    """Return the forehead, the only part to test for hair: further down the test would remove a beard."""
    return polygon(mesh[FOREHEAD, :2], shape, size * 0.03)


def _smoothed(picture: Floats, likeness: Floats, size: float) -> Floats:
    calm = floats(cv2.medianBlur(pixels(likeness * 255), 3)) / np.float32(255)
    return floats(np.clip(_guided(gray(picture) / np.float32(255), calm, max(2, int(size * 0.03))), 0, 1))


def _guided(guide: Floats, values: Floats, radius: int) -> Floats:
    """Smooth values with the guided filter (He et al.), which keeps the guide's edges."""
    window = (2 * radius + 1, 2 * radius + 1)
    guide_mean, value_mean = floats(cv2.blur(guide, window)), floats(cv2.blur(values, window))
    covariance = floats(cv2.blur(guide * values, window)) - guide_mean * value_mean
    variance = floats(cv2.blur(guide * guide, window)) - guide_mean * guide_mean
    slope = covariance / (variance + 1e-3)
    offset = value_mean - slope * guide_mean
    return floats(floats(cv2.blur(slope, window)) * guide + floats(cv2.blur(offset, window)))
