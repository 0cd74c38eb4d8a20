"""Estimates a face's identity, age and gender."""

from functools import cached_property

import cv2
import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.crop import cut
from bot.sandbox.faces.face import Face
from bot.sandbox.faces.nets import read_net

# dlib's five-point template (the corners of the eyes and the base of the nose), and the mesh's same points.
_TEMPLATE = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
_POINTS = [263, 362, 33, 133, 2]
_MEAN_COLOUR = (122.782, 117.001, 104.298)
_OLDEST = 80


class PersonClassifier:
    """Classifier of faces; each network is loaded when it is first used."""

    def embedding(self, picture: Picture, face: Face) -> Floats:
        """Return 128 numbers; two pictures of one person are less than about 0.6 apart."""
        return self._run(self._recogniser, picture, face, side=150, margin=0.25)

    def gender(self, picture: Picture, face: Face) -> str:
        return ("female", "male")[int(self._run(self._gender, picture, face, side=32, margin=0.2).argmax())]

    def age(self, picture: Picture, face: Face) -> float:
        odds = self._run(self._age, picture, face, side=64, margin=0.2)
        return float(odds @ np.arange(_OLDEST + 1))

    @cached_property
    def _recogniser(self) -> cv2.dnn.Net:
        return read_net("dlib_face_resnet_v1_fp16.onnx")

    @cached_property
    def _gender(self) -> cv2.dnn.Net:
        return read_net("gender-v1.onnx")

    @cached_property
    def _age(self) -> cv2.dnn.Net:
        return read_net("age-v1.onnx")

    @staticmethod
    def _run(net: cv2.dnn.Net, picture: Picture, face: Face, *, side: int, margin: float) -> Floats:
        crop = floats(_aligned_crop(picture, face, side, margin)) - floats(_MEAN_COLOUR)
        net.setInput((crop / 256).transpose(2, 0, 1)[None])
        return floats(net.forward())[0].copy()


def distance(one: Floats, other: Floats) -> float:
    return float(np.linalg.norm(one - other))


def _aligned_crop(picture: Picture, face: Face, side: int, margin: float) -> Picture:
    """Cut out the face aligned as in the training of dlib's networks."""
    template = floats((floats(_TEMPLATE) + margin) / (2 * margin + 1) * side)
    matrix, _ = cv2.estimateAffinePartial2D(face.mesh[_POINTS, :2], template, method=cv2.LMEDS)
    return cut(picture, floats(matrix), side)
