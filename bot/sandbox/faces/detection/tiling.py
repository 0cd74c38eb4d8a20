"""Searches a picture for faces in overlapping views of several sizes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats, pixels
from bot.sandbox.faces.detection.blaze import FAR, NEAR, BlazeKind, BlazeNet, Detections

_WORKING_SIDE = 1600
_MIN_SCORE = 0.55
_RIM = 0.03  # A face with its centre in the rim of a view is detected better in the next view.
_SAME_FACE = 0.35
_HALVES, _FINEST = 0.5, 0.3  # Sizes of views, as fractions of the picture's longer side.
_SMALL_VIEW = 384
_INSIDE_ANOTHER = 0.7


@dataclass(frozen=True, eq=False)
class Candidate:
    """Possible face, not yet confirmed."""

    box: Floats
    points: Floats
    """The two eyes first."""
    score: float


@dataclass(frozen=True, eq=False)
class _View:
    """Square part of the picture, scaled for a network."""

    crop: Picture
    left: float
    top: float
    side: float
    """Position and side in the picture."""


class Scanner:
    """Runs both networks over all views of a picture."""

    def __init__(self) -> None:
        self.near, self._far = BlazeNet(NEAR), BlazeNet(FAR)

    def candidates(self, picture: Picture, *, deep: bool) -> list[Candidate]:
        scale = min(1.0, _WORKING_SIDE / max(picture.shape[:2]))
        small = picture
        if scale < 1:
            small = pixels(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        found: list[Candidate] = []
        for net, tile in self._passes(small, deep=deep):
            for view in _views(small, net.kind, tile):
                found += _candidates(net.detect(view.crop), view, scale)
        return _merge(found)

    def _passes(self, picture: Picture, *, deep: bool) -> Iterator[tuple[BlazeNet, float]]:
        longer, shorter = max(picture.shape[:2]), min(picture.shape[:2])
        yield self._far, longer
        yield self.near, longer
        yield self.near, shorter
        for part in (_HALVES, _FINEST) if deep else (_HALVES,):
            tile = longer * part
            if deep and tile >= NEAR.side:
                yield self.near, tile
            # The far network finds faces of a twentieth of its view, so small views would only repeat.
            if tile >= (_SMALL_VIEW if part == _FINEST else FAR.side):
                yield self._far, tile


def _views(picture: Picture, kind: BlazeKind, tile: float) -> Iterator[_View]:
    """Yield square views of `tile` pixels a side that overlap by half."""
    factor = kind.side / tile
    width, height = (max(1, round(length * factor)) for length in (picture.shape[1], picture.shape[0]))
    quality = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = pixels(cv2.resize(picture, (width, height), interpolation=quality))
    # A picture narrower than the view is centred on black.
    pad_x, pad_y = max(0, kind.side - width) // 2, max(0, kind.side - height) // 2
    canvas = np.zeros((max(height, kind.side), max(width, kind.side), 3), np.uint8)
    canvas[pad_y : pad_y + height, pad_x : pad_x + width] = small
    for top in _starts(canvas.shape[0], kind.side):
        for left in _starts(canvas.shape[1], kind.side):
            crop = canvas[top : top + kind.side, left : left + kind.side]
            yield _View(crop, (left - pad_x) / factor, (top - pad_y) / factor, tile)


def _starts(length: int, side: int) -> list[int]:
    if length == side:
        return [0]
    count = math.ceil((length - side) / (side * 0.5)) + 1
    return [round((length - side) * step / (count - 1)) for step in range(count)]


def _candidates(found: Detections, view: _View, scale: float) -> Iterator[Candidate]:
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    within = ((centres > _RIM) & (centres < 1 - _RIM)).all(axis=1)
    corner = floats([view.left, view.top])
    for index in np.nonzero((found.scores > _MIN_SCORE) & within)[0]:
        box = (found.boxes[index].reshape(2, 2) * view.side + corner) / scale
        points = (found.points[index] * view.side + corner) / scale
        yield Candidate(box.reshape(4), points, float(found.scores[index]))


def _merge(found: list[Candidate]) -> list[Candidate]:
    """Merge overlapping candidates into their average, weighted by score."""
    if not found:
        return []
    boxes, points = np.stack([one.box for one in found]), np.stack([one.points for one in found])
    scores = np.array([one.score for one in found])
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    alive, merged = np.ones(len(found), bool), list[Candidate]()
    for best in np.argsort(-scores):
        if not alive[best]:
            continue
        low, high = np.maximum(boxes[best, :2], boxes[:, :2]), np.minimum(boxes[best, 2:], boxes[:, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        same = alive & (shared / (areas[best] + areas - shared + 1e-9) > _SAME_FACE)
        same[best] = True
        weights = scores[same]
        merged.append(
            Candidate(
                np.average(boxes[same], axis=0, weights=weights).astype(np.float32),
                np.average(points[same], axis=0, weights=weights).astype(np.float32),
                float(scores[best]),
            )
        )
        alive &= ~(same | (shared / (np.minimum(areas[best], areas) + 1e-9) > _INSIDE_ANOTHER))
    return merged
