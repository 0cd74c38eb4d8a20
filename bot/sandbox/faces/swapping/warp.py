"""Warps the source's face, triangle by triangle, to another mesh."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from bot.sandbox.faces.arrays import Floats, Indices, Picture, floats
from bot.sandbox.faces.face import Portrait
from bot.sandbox.faces.topology import topology

_FACES_AWAY = -0.2
_WELL_SEEN, _FADES_OVER = 0.28, 0.3
_FULLY = 0.99
_SUBPIXELS = 4


@dataclass(frozen=True, eq=False)
class WarpedFace:
    """A face warped to another mesh; `coverage` is 1 where it was drawn."""

    picture: Floats
    coverage: Floats


def warp_face(source: Portrait, mesh: Floats, shape: tuple[int, int], sampling: int) -> WarpedFace:
    source_mesh = source.face.mesh
    drawn = _drawn_triangles(mesh, shape)
    picture = _sampled(source.picture, drawn, _affines(mesh, source_mesh), sampling)
    direct_share = _direct_share(source_mesh)
    if (direct_share < _FULLY).any():
        # The mirrored half of the face replaces parts that the source's pose hides.
        mirrored = _sampled(source.picture, drawn, _affines(mesh, source_mesh[topology().mirror]), sampling)
        share = _softened(direct_share, drawn)
        picture = picture * share + mirrored * (1 - share)
    return WarpedFace(floats(picture), (drawn >= 0).astype(np.float32))


def facing(mesh: Floats) -> Floats:
    """Return 1 for each triangle that faces the viewer, and less than 0 for a hidden one."""
    first, second, third = (mesh[topology().triangles[:, corner]] for corner in range(3))
    normals = np.cross(second - first, third - first)
    lengths = np.linalg.norm(normals, axis=1) + 1e-9
    return floats(normals[:, 2] / lengths * topology().winding)


def _drawn_triangles(mesh: Floats, shape: tuple[int, int]) -> Indices:
    """Return the visible triangle of each pixel, -1 outside; near triangles are drawn over far ones."""
    visible = facing(mesh) > _FACES_AWAY
    farthest_first = np.argsort(-mesh[topology().triangles, 2].mean(axis=1))
    drawn = np.full(shape, -1, np.int32)
    corners = np.round(mesh[:, :2] * 2**_SUBPIXELS).astype(np.int32)
    triangles = farthest_first[visible[farthest_first]]
    for triangle, outline in zip(triangles.tolist(), corners[topology().triangles[triangles]], strict=True):
        cv2.fillConvexPoly(drawn, outline, triangle, lineType=8, shift=_SUBPIXELS)
    return drawn


def _affines(mesh: Floats, source_mesh: Floats) -> Floats:
    """Return the affine transform of each triangle from the new mesh to the source, as six numbers."""
    triangles = topology().triangles
    ones = np.ones((len(triangles), 3, 1))
    corners = np.concatenate([mesh[triangles, :2], ones], axis=2).astype(np.float64)
    corners[np.abs(np.linalg.det(corners)) < 1e-6] += np.eye(3) * 1e-3  # noqa: PLR2004 - flat triangles have no inverse.
    return floats((np.linalg.inv(corners) @ source_mesh[triangles, :2]).transpose(0, 2, 1).reshape(-1, 6))


def _sampled(source: Picture, drawn: Indices, affines: Floats, sampling: int) -> Floats:
    height, width = drawn.shape
    columns = np.arange(width, dtype=np.float32)[None]
    rows = np.arange(height, dtype=np.float32)[:, None]
    outside = floats([[0, 0, -9, 0, 0, -9]])
    table = np.concatenate([affines, outside])  # Index -1, outside the face, is the last row.
    a, b, c, d, e, f = (table[:, column][drawn] for column in range(6))
    across, down = a * columns + b * rows + c, d * columns + e * rows + f
    return floats(cv2.remap(source, across, down, sampling, borderMode=cv2.BORDER_REFLECT_101))


def _direct_share(mesh: Floats) -> Floats:
    """Return the share of each triangle to take from the source (1) and not from its mirror image (0)."""
    direct = facing(mesh)
    mirrored = -facing(mesh[topology().mirror])  # Mirroring reverses the normals.
    trust = np.clip((direct - _WELL_SEEN) / _FADES_OVER, 0, 1)
    trust = np.where(mirrored > direct + 0.05, trust, 1.0)
    trust[topology().skin_count :] = 1  # Eyes and mouth are never mirrored, because their light would jump.
    return floats(trust)


def _softened(trust: Floats, drawn: Indices) -> Floats:
    per_pixel = np.append(trust, np.float32(0))[drawn]
    inside: npt.NDArray[np.float32] = (drawn >= 0).astype(np.float32)
    reach = max(3, int(drawn.shape[0] * 0.03) | 1)
    total, weight = cv2.blur(per_pixel, (reach, reach)), cv2.blur(inside, (reach, reach))
    return floats(np.clip(total / np.maximum(weight, 1e-3), 0, 1))[..., None]
