"""Swaps one face of a picture onto one face of another picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats, pixels
from bot.sandbox.faces.face import Face, Portrait
from bot.sandbox.faces.swapping.blend import blended
from bot.sandbox.faces.swapping.colour import grain, match_sharpness, plan_colours
from bot.sandbox.faces.swapping.masks import face_mask, grown, with_hole
from bot.sandbox.faces.swapping.restore import Restoration, restored
from bot.sandbox.faces.swapping.shape import fit_mesh
from bot.sandbox.faces.swapping.skin import Skin, bare_points
from bot.sandbox.faces.swapping.warp import WarpedFace, warp_face
from bot.sandbox.faces.topology import INNER_LIPS, LEFT_EYE, RIGHT_EYE

_ANALYSED_SIZE = 160  # Colours and masks are smooth, so a small copy is enough.
_MARGIN = 0.35
_MIN_SIDE = 8
_MUCH_LARGER = 1.3
_MOUTH = (13, 14, 61, 291)
_EYES = ((RIGHT_EYE, (159, 145, 33, 133)), (LEFT_EYE, (386, 374, 263, 362)))
_MOUTH_OPEN, _MUCH_LESS = 0.12, 0.45
_EYE_OPEN, _EYE_CLOSED = 0.18, 0.1


@dataclass(frozen=True, eq=False, kw_only=True)
class SwapOptions:
    """Options of a swap."""

    likeness: float = 0.35
    """Position of the features: 0 is the target's, 1 the source's."""
    keep_tone: bool = False
    """The source keeps its own complexion."""
    keep_openings: bool = True
    """Keep the target's open mouth or eye where the source's is closed."""
    sampling: int = cv2.INTER_LINEAR
    restoration: Restoration | None = None
    side_cap: int = 0
    """Maximum working size of the face; 0 is its own size."""
    mask: Floats | None = None
    grow: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _WorkArea:
    """Part of the target around a face, at the working size."""

    corner: tuple[int, int]
    original: Floats
    picture: Floats
    face: Face
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.picture.shape[0], self.picture.shape[1]

    def crop_mask(self, mask: Floats) -> Floats:
        """Cut this area out of a mask for the whole target."""
        (left, top), (height, width) = self.corner, self.original.shape[:2]
        part = mask[top : top + height, left : left + width]
        return floats(cv2.resize(part, self.shape[::-1], interpolation=cv2.INTER_AREA))

    def paste_into(self, target: Picture, picture: Floats) -> Picture:
        """Paste the result into the target. Only the change is scaled up, so unchanged pixels stay exact."""
        if self.scale < 1:
            height, width = self.original.shape[:2]
            change = cv2.resize(picture - self.picture, (width, height), interpolation=cv2.INTER_CUBIC)
            picture = floats(self.original + change)
        (left, top), (height, width) = self.corner, self.original.shape[:2]
        result = target.copy()
        result[top : top + height, left : left + width] = pixels(picture)
        return result


def swap_face(source: Portrait, target: Portrait, options: SwapOptions) -> Picture:
    area = _work_area(target, options.side_cap)
    if min(area.shape) < _MIN_SIDE:
        return target.picture  # The face has almost left the frame.
    prepared = _prepare_source(source, area.face.size, options)
    mesh = fit_mesh(prepared.face, area.face, options.likeness)
    warped = warp_face(prepared, mesh, area.shape, options.sampling)
    face, mask = _coloured(warped, area, mesh, options)
    mask = _with_openings(mask, area, mesh, prepared.face) if options.keep_openings else mask
    mask = _apply_mask_options(mask, warped.coverage, area, options)
    front = floats(np.where(warped.coverage[..., None] > 0, face, area.picture))
    levels = int(np.clip(np.log2(area.face.size / 11), 1, 5))
    mixed = blended(front, area.picture, mask, levels)
    touched = cv2.dilate((mask > 1e-3).astype(np.float32), np.ones((3, 3), np.uint8))[..., None]  # noqa: PLR2004 - a lower opacity is invisible.
    return area.paste_into(target.picture, floats(np.where(touched > 0, mixed, area.picture)))


def _work_area(target: Portrait, side_cap: int) -> _WorkArea:
    face, (height, width) = target.face, target.picture.shape[:2]
    margin = face.size * _MARGIN
    left, top = (max(0, int(edge - margin)) for edge in face.box[:2])
    right, bottom = (
        min(limit, int(edge + margin)) for edge, limit in zip(face.box[2:], (width, height), strict=True)
    )
    original = floats(target.picture[top : max(top, bottom), left : max(left, right)])
    scale = min(1.0, side_cap / face.size) if side_cap else 1.0
    picture = _shrunk(original, scale) if min(original.shape[:2]) >= _MIN_SIDE else original
    return _WorkArea((left, top), original, picture, face.moved(left, top, scale), scale)


def _prepare_source(source: Portrait, size: float, options: SwapOptions) -> Portrait:
    """Cut out the source's face, shrink it to about its final size and restore it on request."""
    face, margin = source.face, source.face.size * 0.3
    left, top = (max(0, int(edge - margin)) for edge in face.box[:2])
    right, bottom = (int(edge + margin) for edge in face.box[2:])
    prepared, scale = source.picture[top:bottom, left:right], 1.0
    if face.size > size * _MUCH_LARGER:
        scale = size * 1.15 / face.size
        prepared = pixels(_shrunk(floats(prepared), scale))
    if options.restoration:
        prepared = restored(prepared, options.restoration)
    return Portrait(prepared, face.moved(left, top, scale))


def _coloured(
    warped: WarpedFace, area: _WorkArea, mesh: Floats, options: SwapOptions
) -> tuple[Floats, Floats]:
    """Return the new face in the target's light, and its mask."""
    scale = min(1.0, _ANALYSED_SIZE / area.face.size)
    small_face, small_target = _shrunk(warped.picture, scale), _shrunk(area.picture, scale)
    coverage, small_mesh, size = _shrunk(warped.coverage, scale), floats(mesh * scale), area.face.size * scale
    points = bare_points(small_mesh)
    # The source's hair differs most from its skin before the colours change.
    mine, theirs = (Skin.of(picture, points, size) for picture in (small_face, small_target))
    plan = plan_colours(mine, theirs, coverage, small_mesh, size, keep_tone=options.keep_tone)
    mask = face_mask(small_mesh, theirs, mine, coverage, size)
    face = plan.applied_to(warped.picture)
    if not (options.keep_tone or options.restoration):
        face = match_sharpness(face, area.picture, mesh)
    face = floats(face + grain(face, area.picture, mesh, options.seed))
    return face, floats(cv2.resize(mask, area.shape[::-1], interpolation=cv2.INTER_LINEAR))


def _with_openings(mask: Floats, area: _WorkArea, mesh: Floats, prepared: Face) -> Floats:
    """Keep the target's mouth and eyes where they are open and the source's are closed."""
    was_open, size = area.face.openness(*_MOUTH), area.face.size
    if was_open > _MOUTH_OPEN and prepared.openness(*_MOUTH) < was_open * _MUCH_LESS:
        mask = with_hole(mask, mesh[INNER_LIPS, :2], size)
    for loop, lids in _EYES:
        if area.face.openness(*lids) > _EYE_OPEN and prepared.openness(*lids) < _EYE_CLOSED:
            mask = with_hole(mask, mesh[loop, :2], size)
    return mask


def _apply_mask_options(mask: Floats, coverage: Floats, area: _WorkArea, options: SwapOptions) -> Floats:
    if options.mask is not None:
        mask = floats(mask * area.crop_mask(options.mask))
    if options.grow:
        mask = grown(mask, options.grow * area.scale, coverage, area.face.size)
    return mask


def _shrunk(values: Floats, scale: float) -> Floats:
    if scale >= 1:
        return values
    return floats(cv2.resize(values, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
