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
        self._mesh = read_net("face_landmark.tflite")

    def faces(self, picture: Picture, *, deep: bool = True) -> list[Face]:
        return _MEMORY.faces(picture, self._search, deep=deep)

    def _search(self, picture: Picture, deep: bool) -> list[Face]:
        candidates = self._scanner.candidates(picture, deep=deep)
        # The mesh is fitted twice, because the first mesh knows the head's angle better than the detector.
        meshes = [mesh for mesh, _ in self._meshes(picture, [_region(one) for one in candidates])]
        fitted = self._meshes(picture, [Region.around(mesh, _MESH_MARGIN) for mesh in meshes])
        faces = [
            Face(mesh, presence * candidate.score)
            for candidate, (mesh, presence) in zip(candidates, fitted, strict=True)
            if presence > _MIN_PRESENCE
        ]
        return _distinct([face for face in self._confirm(picture, faces) if face.size >= _MIN_SIZE])

    def follow(self, picture: Picture, faces: list[Face]) -> list[Face | None]:
        """Locate the last frame's faces in this frame without a new detection; None for a lost face."""
        regions = [Region.around(face.mesh, _MESH_MARGIN) for face in faces]
        return [
            Face(mesh, face.confidence) if presence > _MIN_PRESENCE_FOLLOWED else None
            for face, (mesh, presence) in zip(faces, self._meshes(picture, regions), strict=True)
        ]

    def _meshes(self, picture: Picture, regions: list[Region]) -> list[tuple[Floats, float]]:
        if not regions:
            return []
        matrices = [region.matrix(_MESH_SIDE) for region in regions]
        crops = [cut(picture, matrix, _MESH_SIDE) for matrix in matrices]
        self._mesh.setInput(floats(np.stack([crop.transpose(2, 0, 1) for crop in crops])) / 255)
        points, presence = self._mesh.forward(["conv2d_21", "conv2d_31"])
        meshes = floats(points).reshape(len(regions), 468, 3)
        certainty = sigmoid(floats(presence).reshape(-1))
        return [
            (
                np.column_stack(
                    [_to_picture(mesh[:, :2], matrix), mesh[:, 2] * (region.side / _MESH_SIDE)]
                ).astype(np.float32),
                float(sure),
            )
            for mesh, matrix, region, sure in zip(meshes, matrices, regions, certainty, strict=True)
        ]

    def _confirm(self, picture: Picture, faces: list[Face]) -> list[Face]:
        """Keep the faces that the detector finds again, with eyes, nose and mouth where the mesh has them."""
        if not faces:
            return []
        matrices = [Region.around(face.mesh, 2.0).matrix(NEAR.side) for face in faces]
        detections = self._scanner.near.detect([cut(picture, matrix, NEAR.side) for matrix in matrices])
        confirmed: list[Face] = []
        for face, matrix, scores, points in zip(
            faces, matrices, detections.scores, detections.points, strict=True
        ):
            best = int(scores.argmax())
            detected = _to_picture(points[best, :4] * NEAR.side, matrix)
            error = float(np.linalg.norm(detected - _key_points(face), axis=1).mean()) / face.size
            if scores[best] >= _MIN_CONFIRMATION and error <= _MAX_POINT_ERROR:
                confirmed.append(Face(face.mesh, face.confidence * float(scores[best])))
        return confirmed


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
