"""Averages over a square around each pixel."""

import numpy as np

from bot.media.watermark.pattern import Floats


def local_mean(values: Floats, side: int) -> Floats:
    """Mean of the square of this odd side around each pixel; the edge repeats."""
    half = side // 2
    sums = np.pad(values, ((half + 1, half), (half + 1, half)), mode="edge").astype(np.float64)
    sums = sums.cumsum(0).cumsum(1)
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(total / side**2, np.float32)


def local_deviation(values: Floats, side: int) -> Floats:
    """Standard deviation of the square of this odd side around each pixel."""
    variance = local_mean(values * values, side) - local_mean(values, side) ** 2
    return np.sqrt(np.maximum(variance, 0))
