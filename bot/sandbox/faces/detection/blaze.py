"""BlazeFace detection networks, one for near and one for far faces."""

from dataclasses import dataclass

import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.nets import read_net

_VALUES_PER_ANCHOR = 16  # A box and six key points, two numbers a point.


@dataclass(frozen=True)
class BlazeKind:
    """Weights and shape of a BlazeFace network."""

    weights: str
    side: int
    outputs: tuple[str, str]
    layers: tuple[tuple[int, int], ...]
    """Cells along a side and anchors in each cell, for each layer."""


NEAR = BlazeKind(
    "face_detection_short_range.tflite", 128, ("regressors", "classificators"), ((16, 2), (8, 6))
)
FAR = BlazeKind(
    "face_detection_full_range.tflite",
    192,
    ("reshaped_regressor_face_4", "reshaped_classifier_face_4"),
    ((48, 1),),
)


@dataclass(frozen=True, eq=False)
class Detections:
    """Output for a crop: an entry per anchor, in fractions of the crop's side."""

    scores: Floats
    boxes: Floats
    points: Floats


class BlazeNet:
    """A BlazeFace network, ready to run."""

    def __init__(self, kind: BlazeKind) -> None:
        self.kind = kind
        self._net = read_net(kind.weights)
        self._anchors = np.concatenate([_anchors(cells, each) for cells, each in kind.layers])

    def detect(self, crop: Picture) -> Detections:
        """Detect in one crop; batches are no faster, because OpenCV prepares itself for each new size."""
        self._net.setInput(crop.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - 1)
        regressors, classifiers = self._net.forward(list(self.kind.outputs))
        places = floats(regressors).reshape(-1, _VALUES_PER_ANCHOR // 2, 2) / self.kind.side
        centre, extent = places[:, 0] + self._anchors, places[:, 1]
        return Detections(
            scores=sigmoid(floats(classifiers).reshape(-1)),
            boxes=floats(np.concatenate([centre - extent / 2, centre + extent / 2], axis=-1)),
            points=floats(places[:, 2:] + self._anchors[:, None]),
        )


def sigmoid(logits: Floats) -> Floats:
    return floats(1 / (1 + np.exp(-np.clip(logits, -80, 80))))


def _anchors(cells: int, each: int) -> Floats:
    rows, columns = np.mgrid[0:cells, 0:cells]
    centres = np.stack([(columns + 0.5) / cells, (rows + 0.5) / cells], axis=-1).reshape(-1, 2)
    return floats(np.repeat(centres, each, axis=0))
