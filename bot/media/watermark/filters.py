"""Averages over a square around each pixel."""

import numpy as np

from bot.media.watermark.pattern import Floats

# Rows at a time, so that the sums of one step are in the processor's cache for the next one.
_STRIP_ROWS = 128


def local_mean(values: Floats, side: int) -> Floats:
    """Mean of the square of this odd side around each pixel; the edge repeats."""
    padded = np.pad(values, side // 2, mode="edge")
    means = np.empty_like(values)
    for top in range(0, len(values), _STRIP_ROWS):
        rows = _sliding_sum(padded[top : top + _STRIP_ROWS + side - 1], side)
        means[top : top + _STRIP_ROWS] = _sliding_sum(rows.T, side).T / np.float32(side**2)
    return means


def local_deviation(values: Floats, side: int) -> Floats:
    """Standard deviation of the square of this odd side around each pixel."""
    variance = local_mean(values * values, side) - local_mean(values, side) ** 2
    return np.sqrt(np.maximum(variance, 0))


def _sliding_sum(values: Floats, length: int) -> Floats:
    """Sum of each row and the next ones, `length` in all.

    Adds up windows whose lengths are powers of two, because a running total over the whole picture would lose
    what is small in single precision.
    """
    count = len(values) - length + 1
    total = np.zeros_like(values[:count])
    window, rows, done = values, 1, 0
    while True:
        if length & rows:
            total += window[done : done + count]
            done += rows
        if done == length:
            return total
        window = window[:-rows] + window[rows:]
        rows *= 2
