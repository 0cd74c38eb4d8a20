"""Redraws a swapped face in the style of the drawing around it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from bot.sandbox.faces.arrays import Floats, Picture, floats, pixels
from bot.sandbox.faces.face import Face, Portrait
from bot.sandbox.faces.swapping.masks import polygon
from bot.sandbox.faces.swapping.skin import to_lab, to_rgb
from bot.sandbox.faces.swapping.swap import SwapOptions, swap_face
from bot.sandbox.faces.topology import OVAL

_FLATTENED_SIZE = 260
_ENOUGH = 100
_INSIDE = 0.5

Area = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pen:
    """Style of drawing."""

    likeness: float
    """Amount of the person in the drawing, from 0 to 1."""
    style: float
    """Amount of the drawing in the person, from 0 to 2."""
    passes: int
    gain: float
    seed: int


def draw_face(source: Portrait, target: Portrait, pen: Pen, options: SwapOptions) -> Picture:
    options = replace(
        options, likeness=0.55 * pen.likeness, keep_openings=pen.likeness < _INSIDE, seed=pen.seed
    )
    swapped = swap_face(source, target, options)
    left, top, right, bottom = _surroundings(target, options.grow)
    before, after = floats(target.picture[top:bottom, left:right]), floats(swapped[top:bottom, left:right])
    mask = _changed(before, after, target.face.moved(left, top))
    drawn = after
    if pen.style > 0 and (mask > _INSIDE).sum() >= _ENOUGH:
        drawn = _in_manner_of(before, after, mask > _INSIDE, target.face.size, pen)
    opacity = (mask * min(1.0, 0.35 + 0.8 * pen.likeness))[..., None]
    result = target.picture.copy()
    result[top:bottom, left:right] = pixels(before + (drawn + _grain(before, pen.seed) - before) * opacity)
    return result


def _surroundings(target: Portrait, grow: int) -> tuple[int, int, int, int]:
    face, (height, width) = target.face, target.picture.shape[:2]
    margin = face.size * 0.4 + grow
    left, top = (max(0, int(edge - margin)) for edge in face.box[:2])
    right, bottom = int(face.box[2] + margin), int(face.box[3] + margin)
    return left, top, min(width, right), min(height, bottom)


def _changed(before: Floats, after: Floats, face: Face) -> Floats:
    """Return a mask of the pixels inside the face that the swap changed."""
    oval = polygon(face.mesh[OVAL, :2], before.shape[:2], max(1, face.size * 0.02))
    differs = floats(np.abs(after - before).max(axis=-1) > 1)
    widely = floats(cv2.GaussianBlur(differs, (0, 0), 2)) * 1.5
    return floats(oval * np.clip(widely, 0, 1) * cv2.dilate(differs, np.ones((3, 3), np.uint8)))


def _in_manner_of(drawing: Floats, face: Floats, inside: Area, size: float, pen: Pen) -> Floats:
    flat = _flattened(face, size, pen)
    lab, theirs = to_lab(flat), to_lab(drawing)
    lab = _toned(lab, theirs, inside, min(1.0, 0.6 * pen.style))
    return to_rgb(_inked(lab, theirs, inside, size, pen))


def _flattened(face: Floats, size: float, pen: Pen) -> Floats:
    """Flatten shades into areas, a little more with each pass."""
    scale = min(1.0, _FLATTENED_SIZE / size)
    small = pixels(cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    for _ in range(pen.passes):
        small = cv2.bilateralFilter(small, 5, 6 + 14 * pen.style, 3)
    flat = cv2.resize(small, (face.shape[1], face.shape[0]), interpolation=cv2.INTER_CUBIC)
    share = min(1.0, 0.55 * pen.style + 0.1)
    return floats(face * (1 - share) + floats(flat) * share)


def _toned(lab: Floats, theirs: Floats, inside: Area, share: float) -> Floats:
    """Give the face the drawing's range of light and saturation."""
    levels = np.linspace(1, 99, 33)
    mine, drawn = (np.percentile(one[inside][:, 0], levels) for one in (lab, theirs))
    rising = np.maximum.accumulate(mine + np.arange(len(levels)) * 1e-3)
    toned = lab.copy()
    toned[..., 0] += (np.interp(lab[..., 0], rising, drawn) - lab[..., 0]) * share
    spread = theirs[inside][:, 1:].std(axis=0) / (lab[inside][:, 1:].std(axis=0) + 1e-3)
    middle = np.median(lab[inside][:, 1:], axis=0)
    toned[..., 1:] = (lab[..., 1:] - middle) * (1 + (np.clip(spread, 0.7, 1.2) - 1) * share) + middle
    return toned


def _inked(lab: Floats, theirs: Floats, inside: Area, size: float, pen: Pen) -> Floats:
    """Draw lines where the light changes quickly, as dark as the drawing's own lines."""
    light, width = floats(lab[..., 0]), max(0.6, size * 0.006)
    edges = cv2.GaussianBlur(light, (0, 0), width) - 0.98 * cv2.GaussianBlur(light, (0, 0), width * 1.8)
    edges = floats(edges - np.median(edges[inside]))
    ink = np.clip((-edges - 0.8) / 3.5, 0, 1) * min(1.0, 0.45 * pen.style * (0.6 + 0.25 * pen.gain))
    inked = lab.copy()
    inked[..., 0] = light * (1 - ink) + np.minimum(light, np.percentile(theirs[inside][:, 0], 3)) * ink
    return inked


def _grain(like: Floats, seed: int) -> Floats:
    """Return invisible noise, so that each seed makes a different picture."""
    return floats(np.random.default_rng(seed).normal(0, 0.5, like.shape[:2]))[..., None]
