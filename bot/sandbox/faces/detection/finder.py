"""Finds faces: detects candidates, fits the mesh to each and confirms it with a second detection."""

import math

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.crop import Region, cut
from bot.sandbox.faces.detection.blaze import NEAR, sigmoid
from bot.sandbox.faces.detection.memory import FaceMemory
from bot.sandbox.faces.detection.tiling import Candidate, Scanner
from bot.sandbox.faces.face import Face, overlap
from bot.sandbox.faces.nets import read_net

_MESH_SIDE = 192
_MESH_MARGIN = 1.5
_MIN_PRESENCE = 0.5
_MIN_PRESENCE_FOLLOWED = 0.6
_MIN_CONFIRMATION = 0.6
_MAX_POINT_ERROR = 0.12
_MIN_SIZE = 24
_SAME_FACE = 0.6
# The finders of all threads share it.
_MEMORY = FaceMemory(256)


class FaceFinder:
    """Finds faces in a picture, and follows them to the next frame."""

    def __init__(self) -> None:
        self._scanner = Scanner()
        self._net = read_net("face_landmark.tflite")

    def faces(self, picture: Picture, *, deep: bool = True) -> list[Face]:
        return _MEMORY.faces(picture, self._search, deep=deep)

    def _search(self, picture: Picture, deep: bool) -> list[Face]:
        candidates = self._scanner.candidates(picture, deep=deep)
        faces = [self._fitted(picture, candidate) for candidate in candidates]
        return _distinct([face for face in faces if face])

    def follow(self, picture: Picture, face: Face) -> Face | None:
        """Locate the last frame's face in this frame without a new detection; None if it is lost."""
        mesh, presence = self._mesh(picture, Region.around(face.mesh, _MESH_MARGIN))
        return Face(mesh, face.confidence) if presence > _MIN_PRESENCE_FOLLOWED else None

    def _fitted(self, picture: Picture, candidate: Candidate) -> Face | None:
        # The mesh is fitted twice, because the first mesh knows the head's angle better than the detector.
        mesh, _ = self._mesh(picture, _region(candidate))
        mesh, presence = self._mesh(picture, Region.around(mesh, _MESH_MARGIN))
        face = Face(mesh, presence * candidate.score)
        if presence <= _MIN_PRESENCE or face.size < _MIN_SIZE:
            return None
        return self._confirmed(picture, face)

    def _mesh(self, picture: Picture, region: Region) -> tuple[Floats, float]:
        """Fit the mesh to a region, and return how certain it is that there is a face."""
        matrix = region.matrix(_MESH_SIDE)
        self._net.setInput(floats(cut(picture, matrix, _MESH_SIDE).transpose(2, 0, 1)[None]) / 255)
        points, presence = self._net.forward(["conv2d_21", "conv2d_31"])
        mesh = floats(points).reshape(468, 3)
        depth = mesh[:, 2:] * (region.side / _MESH_SIDE)
        placed = floats(np.hstack([_to_picture(mesh[:, :2], matrix), depth]))
        return placed, float(sigmoid(floats(presence).reshape(-1))[0])

    def _confirmed(self, picture: Picture, face: Face) -> Face | None:
        """Return a face that the detector finds again, with eyes, nose and mouth where the mesh has them."""
        matrix = Region.around(face.mesh, 2.0).matrix(NEAR.side)
        found = self._scanner.near.detect(cut(picture, matrix, NEAR.side))
        best = int(found.scores.argmax())
        score = float(found.scores[best])
        detected = _to_picture(found.points[best, :4] * NEAR.side, matrix)
        error = float(np.linalg.norm(detected - _key_points(face), axis=1).mean()) / face.size
        if score < _MIN_CONFIRMATION or error > _MAX_POINT_ERROR:
            return None
        return Face(face.mesh, face.confidence * score)


def _region(candidate: Candidate) -> Region:
    left_top, right_bottom = candidate.box[:2], candidate.box[2:]
    between_eyes = candidate.points[1] - candidate.points[0]
    return Region(
        floats((left_top + right_bottom) / 2),
        float((right_bottom - left_top).max()) * _MESH_MARGIN,
        math.atan2(float(between_eyes[1]), float(between_eyes[0])),
    )


def _to_picture(points: Floats, matrix: Floats) -> Floats:
    inverse = floats(cv2.invertAffineTransform(matrix))
    return floats(points @ inverse[:, :2].T + inverse[:, 2])


def _key_points(face: Face) -> Floats:
    """Return the mesh's positions of the detector's points: both eyes, the nose and the mouth."""
    mesh = face.mesh[:, :2]
    groups = ([33, 133], [263, 362], [4], [13, 14])
    return np.stack([mesh[group].mean(axis=0) for group in groups])


def _distinct(faces: list[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if all(overlap(face, other) <= _SAME_FACE * min(face.area, other.area) for other in kept):
            kept.append(face)
    return kept
