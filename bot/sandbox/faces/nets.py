"""Loads the neural networks in `weights/`."""

from pathlib import Path

import cv2

WEIGHTS = Path(__file__).parent / "weights"


def read_net(name: str) -> cv2.dnn.Net:
    path = str(WEIGHTS / name)
    if name.endswith(".onnx"):
        return cv2.dnn.readNetFromONNX(path)
    # OpenCV 5's new engine drops all but one output of a TFLite graph.
    return cv2.dnn.readNetFromTFLite(path, engine=cv2.dnn.ENGINE_CLASSIC)
