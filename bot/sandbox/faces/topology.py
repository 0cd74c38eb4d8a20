"""The face mesh of 468 points: its triangles, its mirror image and its features."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bot.sandbox.faces.arrays import Floats, Indices, floats
from bot.sandbox.faces.nets import WEIGHTS

OVAL = [
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
]
INNER_LIPS = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191]
RIGHT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
LEFT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466]
# Cheeks, nose and brow, where nearly everybody's skin is bare.
BARE_SKIN = [50, 280, 205, 425, 117, 346, 4, 5, 195, 6, 151, 9, 101, 330, 36, 266, 187, 411]
# Between the brows, the hairline and the temples, where hair may cover skin.
FOREHEAD = [
    *(127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389, 356),
    *(300, 293, 334, 296, 336, 9, 107, 66, 105, 63, 70),
]
# Points that no expression moves; they align two faces.
RIGID = [
    *(33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327),
    *(10, 151, 9, 8, 234, 454, 127, 356, 93, 323, 132, 361),
]
RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS, MOUTH_CORNERS = (33, 133), (263, 362), (61, 291)
CHIN, FOREHEAD_TOP, RIGHT_SIDE, LEFT_SIDE = 152, 10, 234, 454


@dataclass(frozen=True)
class Topology:
    """Constant data of the mesh."""

    triangles: Indices
    """All triangles: the skin first, then the triangles that close the eyes and the mouth."""
    skin_count: int
    mirror: Indices
    """Index of each point's twin on the other side of the face."""
    winding: Floats
    """Sign that turns each triangle's normal towards the viewer."""
    inwardness: Floats
    """Value of each point from 0, on the outline of the face, to 1, well inside it."""
    features: tuple[Floats, ...]
    """Weight of each point in each eye and the mouth."""


@cache
def topology() -> Topology:
    with np.load(WEIGHTS / "mesh_topology.npz") as stored:
        skin, mean = stored["tess"], floats(stored["mean"])
        triangles = np.concatenate([skin, stored["eyes"], stored["mouth"]]).astype(np.int32)
        mirror = stored["mirror"].astype(np.int32)
    return Topology(
        triangles=triangles,
        skin_count=len(skin),
        mirror=mirror,
        winding=_winding(mean, triangles),
        inwardness=_inwardness(mean),
        features=tuple(
            _belonging(mean, corners, reach)
            for corners, reach in ((RIGHT_EYE_CORNERS, 0.75), (LEFT_EYE_CORNERS, 0.75), (MOUTH_CORNERS, 0.62))
        ),
    )


def _winding(mean: Floats, triangles: Indices) -> Floats:
    first, second, third = (mean[triangles[:, corner], :2] for corner in range(3))
    one, other = second - first, third - first
    return np.sign(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def _inwardness(mean: Floats) -> Floats:
    to_outline = np.linalg.norm(mean[:, None, :2] - mean[OVAL][None, :, :2], axis=2).min(axis=1)
    return smoothstep(floats(to_outline / (0.45 * to_outline.max())))


def _belonging(mean: Floats, corners: tuple[int, int], reach: float) -> Floats:
    one, other = mean[corners[0], :2], mean[corners[1], :2]
    distance = np.linalg.norm(mean[:, :2] - (one + other) / 2, axis=1)
    return floats(np.clip(1.6 - distance / (reach * np.linalg.norm(one - other)), 0, 1))


def smoothstep(values: Floats) -> Floats:
    """Map values to an S-curve from 0 to 1 that leaves no visible edge at its ends."""
    clipped = np.clip(values, 0, 1)
    return floats(clipped * clipped * (3 - 2 * clipped))
