"""Types of numpy arrays in the engine, and the two conversions between them."""

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Height by width by 3, RGB."""
Floats = npt.NDArray[np.float32]
"""Unrounded pixels, landmarks, masks from 0 to 1, and embeddings."""
Indices = npt.NDArray[np.int32]


def floats(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


def pixels(values: npt.ArrayLike) -> Picture:
    """Round and clip, so that a value that was a whole number becomes exactly that number again."""
    return np.clip(floats(values) + 0.5, 0, 255).astype(np.uint8)
