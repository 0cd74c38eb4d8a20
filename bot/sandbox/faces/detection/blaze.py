"""BlazeFace, the detector, in its two kinds: for near and for far faces."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.sandbox.faces.arrays import Floats, Picture, floats
from bot.sandbox.faces.nets import read_net

_VALUES_PER_ANCHOR = 16  # A box and six key points, two numbers a point.


@dataclass(frozen=True)
class BlazeKind:
    weights: str
    side: int
    outputs: tuple[str, str]
    layers: tuple[tuple[int, int], ...]
    """For each layer, the cells along a side and the anchors in each cell."""


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
class Guesses:
    """What one look at some crops brought: an entry per crop and anchor, in parts of the crop's side."""

    scores: Floats
    boxes: Floats
    points: Floats


class BlazeNet:
    def __init__(self, kind: BlazeKind) -> None:
        self.kind = kind
        self._net = read_net(kind.weights)
        self._anchors = np.concatenate([_anchors(cells, each) for cells, each in kind.layers])

    def look(self, crops: Sequence[Picture]) -> Guesses:
        blob = np.stack([crop.transpose(2, 0, 1) for crop in crops]).astype(np.float32) / 127.5 - 1
        self._net.setInput(floats(blob))
        regressors, classifiers = self._net.forward(list(self.kind.outputs))
        places = self._unfolded(floats(regressors), len(crops), _VALUES_PER_ANCHOR)
        logits = self._unfolded(floats(classifiers), len(crops), 1)[..., 0]
        places = places.reshape(len(crops), -1, 8, 2) / self.kind.side
        centre, extent = places[:, :, 0] + self._anchors, places[:, :, 1]
        return Guesses(
            scores=sigmoid(logits),
            boxes=floats(np.concatenate([centre - extent / 2, centre + extent / 2], axis=-1)),
            points=floats(places[:, :, 2:] + self._anchors[None, :, None]),
        )

    def _unfolded(self, output: Floats, count: int, values: int) -> Floats:
        """The graph folds the batch into each layer before the layers are joined; this takes it out again."""
        rows, parts, start = output.reshape(-1, values), list[Floats](), 0
        for cells, each in self.kind.layers:
            length = cells * cells * each
            parts.append(rows[count * start : count * (start + length)].reshape(count, length, values))
            start += length
        return np.concatenate(parts, axis=1)


def sigmoid(logits: Floats) -> Floats:
    return floats(1 / (1 + np.exp(-np.clip(logits, -80, 80))))


def _anchors(cells: int, each: int) -> Floats:
    rows, columns = np.mgrid[0:cells, 0:cells]
    centres = np.stack([(columns + 0.5) / cells, (rows + 0.5) / cells], axis=-1).reshape(-1, 2)
    return floats(np.repeat(centres, each, axis=0))
