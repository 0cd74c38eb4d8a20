"""Fits the mesh: the target's pose and expression with the source's features."""

import numpy as np

from bot.sandbox.faces.arrays import Floats, floats
from bot.sandbox.faces.face import Face
from bot.sandbox.faces.topology import RIGID, topology


def fit_mesh(source: Face, target: Face, likeness: float) -> Floats:
    """Return the target's mesh with its features moved towards the source's (0 not at all, 1 fully)."""
    if likeness <= 0:
        return target.mesh.copy()
    moved = _aligned(source.mesh, target.mesh) - target.mesh
    moved = _move_features_rigidly(moved) * topology().inwardness[:, None] * likeness
    return floats(target.mesh + moved * floats([1, 1, 0]))


def _aligned(mesh: Floats, other: Floats) -> Floats:
    """Return the mesh under the similarity that brings its rigid points closest to the other's (Umeyama)."""
    mine, theirs = mesh[RIGID].astype(np.float64), other[RIGID].astype(np.float64)
    my_middle, their_middle = mine.mean(axis=0), theirs.mean(axis=0)
    left, singular, right = np.linalg.svd((mine - my_middle).T @ (theirs - their_middle))
    flip = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    rotation = left @ np.diag(flip) @ right
    scale = (singular * flip).sum() / ((mine - my_middle) ** 2).sum()
    return floats((mesh - my_middle) @ rotation * scale + their_middle)


def _move_features_rigidly(moved: Floats) -> Floats:
    """Move the mouth and each eye as one piece, so that their opening stays the target's."""
    for belonging in topology().features:
        weight = belonging[:, None]
        together = (moved * weight).sum(axis=0) / weight.sum()
        moved = moved * (1 - weight) + together * weight
    return floats(moved)
