"""Puts one face of one picture over one face of another."""

from dataclasses import dataclass

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats, pixels
from bot.sandbox.faces.face import Face, Portrait
from bot.sandbox.faces.swapping.blend import blended
from bot.sandbox.faces.swapping.colour import grain, match_sharpness, plan_colours
from bot.sandbox.faces.swapping.masks import face_mask, grown, with_hole
from bot.sandbox.faces.swapping.restore import Restoration, restored
from bot.sandbox.faces.swapping.shape import moulded
from bot.sandbox.faces.swapping.warp import Worn, wear
from bot.sandbox.faces.topology import INNER_LIPS, LEFT_EYE, RIGHT_EYE

_ANALYSED_SIZE = 160  # Colours and masks change slowly, so they are worked out on a small copy.
_MARGIN = 0.35
_SMALLEST_STAGE = 8
_MUCH_LARGER = 1.3
_MOUTH = (13, 14, 61, 291)
_EYES = ((RIGHT_EYE, (159, 145, 33, 133)), (LEFT_EYE, (386, 374, 263, 362)))
_MOUTH_OPEN, _MUCH_LESS = 0.12, 0.45
_EYE_OPEN, _EYE_CLOSED = 0.18, 0.1


@dataclass(frozen=True, eq=False, kw_only=True)
class Manner:
    """How a face is swapped."""

    likeness: float = 0.35
    """0 keeps the target's features where they are, 1 puts them where the source has them."""
    keep_tone: bool = False
    """The source keeps its own complexion."""
    keep_openings: bool = True
    """An open mouth or eye of the target stays where the source's is closed."""
    sampling: int = cv2.INTER_LINEAR
    restoration: Restoration | None = None
    side_cap: int = 0
    """The face is worked on at this size at most; 0 is its own size."""
    mask: Floats | None = None
    grow: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Stage:
    """The part of the target around a face, at the size at which it is worked on."""

    corner: tuple[int, int]
    original: Floats
    picture: Floats
    face: Face
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.picture.shape[0], self.picture.shape[1]

    def cut_like(self, mask: Floats) -> Floats:
        """The same part of a mask as large as the target."""
        (left, top), (height, width) = self.corner, self.original.shape[:2]
        part = mask[top : top + height, left : left + width]
        return floats(cv2.resize(part, self.shape[::-1], interpolation=cv2.INTER_AREA))

    def put_back(self, target: Picture, picture: Floats) -> Picture:
        """Only the change is scaled up, so what did not change stays exactly as it was."""
        if self.scale < 1:
            height, width = self.original.shape[:2]
            change = cv2.resize(picture - self.picture, (width, height), interpolation=cv2.INTER_CUBIC)
            picture = floats(self.original + change)
        (left, top), (height, width) = self.corner, self.original.shape[:2]
        result = target.copy()
        result[top : top + height, left : left + width] = pixels(picture)
        return result


def swap_face(source: Portrait, target: Portrait, manner: Manner) -> Picture:
    stage = _stage(target, manner.side_cap)
    if min(stage.shape) < _SMALLEST_STAGE:
        return target.picture  # The face has all but left the frame.
    lent = _lent(source, stage.face.size, manner)
    mesh = moulded(lent.face, stage.face, manner.likeness)
    worn = wear(lent, mesh, stage.shape, manner.sampling)
    face, mask = _coloured(worn, stage, mesh, manner)
    mask = _with_openings(mask, stage, mesh, lent.face) if manner.keep_openings else mask
    mask = _as_wished(mask, worn.coverage, stage, manner)
    front = floats(np.where(worn.coverage[..., None] > 0, face, stage.picture))
    levels = int(np.clip(np.log2(stage.face.size / 11), 1, 5))
    mixed = blended(front, stage.picture, mask, levels)
    touched = cv2.dilate((mask > 1e-3).astype(np.float32), np.ones((3, 3), np.uint8))[..., None]  # noqa: PLR2004 - below this nothing would show.
    return stage.put_back(target.picture, floats(np.where(touched > 0, mixed, stage.picture)))


def _stage(target: Portrait, side_cap: int) -> _Stage:
    face, (height, width) = target.face, target.picture.shape[:2]
    margin = face.size * _MARGIN
    left, top = (max(0, int(edge - margin)) for edge in face.box[:2])
    right, bottom = (
        min(limit, int(edge + margin)) for edge, limit in zip(face.box[2:], (width, height), strict=True)
    )
    original = floats(target.picture[top : max(top, bottom), left : max(left, right)])
    scale = min(1.0, side_cap / face.size) if side_cap else 1.0
    picture = _shrunk(original, scale) if min(original.shape[:2]) >= _SMALLEST_STAGE else original
    return _Stage((left, top), original, picture, face.moved(left, top, scale), scale)


def _lent(source: Portrait, size: float, manner: Manner) -> Portrait:
    """The source's face, shrunk to about the size it will have, and restored if that is asked for."""
    face, margin = source.face, source.face.size * 0.3
    left, top = (max(0, int(edge - margin)) for edge in face.box[:2])
    right, bottom = (int(edge + margin) for edge in face.box[2:])
    lent, scale = source.picture[top:bottom, left:right], 1.0
    if face.size > size * _MUCH_LARGER:
        scale = size * 1.15 / face.size
        lent = pixels(_shrunk(floats(lent), scale))
    if manner.restoration:
        lent = restored(lent, manner.restoration)
    return Portrait(lent, face.moved(left, top, scale))


def _coloured(worn: Worn, stage: _Stage, mesh: Floats, manner: Manner) -> tuple[Floats, Floats]:
    """The new face in the target's light, and its mask."""
    scale = min(1.0, _ANALYSED_SIZE / stage.face.size)
    small_face, small_target = _shrunk(worn.picture, scale), _shrunk(stage.picture, scale)
    coverage, small_mesh, size = _shrunk(worn.coverage, scale), floats(mesh * scale), stage.face.size * scale
    plan = plan_colours(small_face, small_target, coverage, small_mesh, size, keep_tone=manner.keep_tone)
    # The source's hair differs from its skin most before its colours are changed.
    mask = face_mask(small_mesh, small_target, small_face, coverage, size)
    face = plan.applied_to(worn.picture)
    if not (manner.keep_tone or manner.restoration):
        face = match_sharpness(face, stage.picture, mesh)
    face = floats(face + grain(face, stage.picture, mesh, manner.seed))
    return face, floats(cv2.resize(mask, stage.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _with_openings(mask: Floats, stage: _Stage, mesh: Floats, lent: Face) -> Floats:
    """Shows the target's own mouth and eyes where they are open and the source has nothing to put there."""
    was_open, size = stage.face.openness(*_MOUTH), stage.face.size
    if was_open > _MOUTH_OPEN and lent.openness(*_MOUTH) < was_open * _MUCH_LESS:
        mask = with_hole(mask, mesh[INNER_LIPS, :2], size)
    for loop, lids in _EYES:
        if stage.face.openness(*lids) > _EYE_OPEN and lent.openness(*lids) < _EYE_CLOSED:
            mask = with_hole(mask, mesh[loop, :2], size)
    return mask


def _as_wished(mask: Floats, coverage: Floats, stage: _Stage, manner: Manner) -> Floats:
    if manner.mask is not None:
        mask = floats(mask * stage.cut_like(manner.mask))
    if manner.grow:
        mask = grown(mask, manner.grow * stage.scale, coverage, stage.face.size)
    return mask


def _shrunk(values: Floats, scale: float) -> Floats:
    if scale >= 1:
        return values
    return floats(cv2.resize(values, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
