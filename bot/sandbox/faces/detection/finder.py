"""Finds faces: detects them, lays the mesh over each, and looks a second time to be sure."""

import math

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.crop import Region, cut
from bot.sandbox.faces.detection.blaze import NEAR, sigmoid
from bot.sandbox.faces.detection.tiling import Candidate, Scanner
from bot.sandbox.faces.face import Face, overlap
from bot.sandbox.faces.nets import read_net

_MESH_SIDE = 192
_MESH_MARGIN = 1.5
_PRESENT = 0.5
_STILL_PRESENT = 0.6
_CONFIRMED = 0.6
_POINTS_AGREE = 0.12
_SMALLEST = 24
_SAME_FACE = 0.6


class FaceFinder:
    def __init__(self) -> None:
        self._scanner = Scanner()
        self._mesh = read_net("face_landmark.tflite")

    def faces(self, picture: Picture, *, deep: bool = True) -> list[Face]:
        candidates = self._scanner.candidates(picture, deep=deep)
        # The mesh is laid twice: the first one tells better than the detector how the head is turned.
        meshes = [mesh for mesh, _ in self._meshes(picture, [_region(one) for one in candidates])]
        laid = self._meshes(picture, [Region.around(mesh, _MESH_MARGIN) for mesh in meshes])
        faces = [
            Face(mesh, presence * candidate.score)
            for candidate, (mesh, presence) in zip(candidates, laid, strict=True)
            if presence > _PRESENT
        ]
        return _distinct([face for face in self._confirmed(picture, faces) if face.size >= _SMALLEST])

    def follow(self, picture: Picture, faces: list[Face]) -> list[Face | None]:
        """Where faces of the last frame are in this one, without detecting anew; None for a lost one."""
        regions = [Region.around(face.mesh, _MESH_MARGIN) for face in faces]
        return [
            Face(mesh, face.confidence) if presence > _STILL_PRESENT else None
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
                np.column_stack([_back(mesh[:, :2], matrix), mesh[:, 2] * (region.side / _MESH_SIDE)]).astype(
                    np.float32
                ),
                float(sure),
            )
            for mesh, matrix, region, sure in zip(meshes, matrices, regions, certainty, strict=True)
        ]

    def _confirmed(self, picture: Picture, faces: list[Face]) -> list[Face]:
        """Those that the detector finds again, with eyes, nose and mouth where the mesh has them."""
        if not faces:
            return []
        matrices = [Region.around(face.mesh, 2.0).matrix(NEAR.side) for face in faces]
        guesses = self._scanner.near.look([cut(picture, matrix, NEAR.side) for matrix in matrices])
        confirmed: list[Face] = []
        for face, matrix, scores, points in zip(faces, matrices, guesses.scores, guesses.points, strict=True):
            best = int(scores.argmax())
            seen = _back(points[best, :4] * NEAR.side, matrix)
            error = float(np.linalg.norm(seen - _landmarks(face), axis=1).mean()) / face.size
            if scores[best] >= _CONFIRMED and error <= _POINTS_AGREE:
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


def _back(points: Floats, matrix: Floats) -> Floats:
    inverse = floats(cv2.invertAffineTransform(matrix))
    return floats(points @ inverse[:, :2].T + inverse[:, 2])


def _landmarks(face: Face) -> Floats:
    """The points that the detector knows too: both eyes, the nose and the mouth."""
    mesh = face.mesh[:, :2]
    groups = ([33, 133], [263, 362], [4], [13, 14])
    return np.stack([mesh[group].mean(axis=0) for group in groups])


def _distinct(faces: list[Face]) -> list[Face]:
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if all(overlap(face, other) <= _SAME_FACE * min(face.area, other.area) for other in kept):
            kept.append(face)
    return kept
