"""The kinds of numpy array that the engine passes around, and the two conversions between them."""

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Height by width by 3, RGB."""
Floats = npt.NDArray[np.float32]
"""Pixels on their way, landmarks, masks from 0 to 1, embeddings."""
Indices = npt.NDArray[np.int32]


def floats(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def pixels(values: npt.ArrayLike) -> Picture:
    """Round and clip, so that a value that came from a whole number goes back to it exactly."""
    return np.clip(floats(values) + 0.5, 0, 255).astype(np.uint8)
