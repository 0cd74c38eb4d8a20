"""Reads the watermark from a picture, or from several frames of a video.

The tiles of the picture are added up, so that the picture itself averages out, and compared with the first
pattern at every shift. A part of a picture has tiles of another size, so several sizes are tried.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from bot.media.watermark.code import MarkCode
from bot.media.watermark.filters import local_deviation, local_mean
from bot.media.watermark.pattern import (
    LONGEST_SIDE,
    PATTERNS,
    SHIFT_STEP,
    TILE,
    Floats,
    Spectrum,
    band,
    code_of,
    shift_grid,
    spectra,
    tile_with,
)
from bot.media.watermark.tiles import SummedTiles

# Ratio between the sizes that are tried: from 0.7, for a picture that was cut, to 1.02, for rounding.
_RATIO, _LARGER, _SMALLER = 1.005, 4, 71
_FINE_RATIO, _FINE_STEPS = 1.001, 3
# Standard deviations by which the best shift of the first pattern has to stand out, and those that end the
# search. docs/figures.md says how much it stands out in pictures without a watermark.
_MIN_SCORE, _CERTAIN_SCORE = 5.9, 10.0
# Side of the square that a pixel is compared with, and the most deviations by which it counts.
_SURROUNDINGS, _MOST = 15, 1.5
_LEAST_DEVIATION = 1.5


class Reading(NamedTuple):
    """Code of a watermark, and by how many standard deviations the first pattern stands out."""

    score: float
    code: MarkCode | None


class _Match(NamedTuple):
    score: float
    share: float
    shift: tuple[int, int]
    spectrum: Spectrum


def detect(pictures: Sequence[Image.Image]) -> Reading:
    """Read the watermark that the pictures have in common; all are of the same size."""
    best = _best_match(pictures)
    return Reading(best.score, _code_at(best) if best.score >= _MIN_SCORE else None)


def detect_any(samples: Iterable[Sequence[Image.Image]]) -> Reading:
    """Read the watermark from the first sample of a file that has one, or return the best reading."""
    best = Reading(0, None)
    for pictures in samples:
        reading = detect(pictures)
        if reading.code is not None:
            return reading
        best = max(best, reading, key=lambda each: each.score)
    return best


def _best_match(pictures: Sequence[Image.Image]) -> _Match:
    flat = sum(map(_flattened, pictures), np.float32(0)) / np.float32(len(pictures))
    tiles = SummedTiles(np.asarray(flat))
    # From the whole picture on, the most common case.
    best = _match(tiles, 1)
    for step in (*range(1, _LARGER + 1), *range(-1, -_SMALLER - 1, -1)):
        if best.score >= _CERTAIN_SCORE:
            break
        best = max(best, _match(tiles, _RATIO**step), key=_score)
    fine = range(-_FINE_STEPS, _FINE_STEPS + 1)
    return max((_match(tiles, best.share * _FINE_RATIO**step) for step in fine), key=_score)


def _score(match: _Match) -> float:
    return match.score


def _flattened(picture: Image.Image) -> Floats:
    """Brightness compared with the surroundings, in their deviations, so that no edge outweighs the rest."""
    scale = LONGEST_SIDE / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    brightness = np.asarray(picture.convert("L").resize(size, Image.Resampling.BICUBIC), np.float32)
    detail = brightness - local_mean(brightness, _SURROUNDINGS)
    steps = detail / (local_deviation(detail, _SURROUNDINGS) + _LEAST_DEVIATION)
    return np.asarray(np.clip(steps, -_MOST, _MOST), np.float32)


def _match(tiles: SummedTiles, share: float) -> _Match:
    spectrum = tiles.spectrum(share)
    strength = np.abs(spectrum)
    # A few frequencies of the picture itself, such as those of a fence, must not outweigh all others.
    most = np.median(strength[band()]) * np.float32(1.5)
    spectrum *= np.minimum(strength, most) / (strength + np.float32(1e-9))
    correlation = _correlation(spectrum, 0)
    best = int(correlation.argmax())
    return _Match(float(correlation.flat[best]), share, divmod(best, TILE), spectrum)


def _code_at(match: _Match) -> MarkCode | None:
    row, column = match.shift
    shifts: list[tuple[int, int]] = []
    for number in range(1, PATTERNS):
        correlation = _correlation(match.spectrum, number)
        grid = shift_grid(np.roll(correlation, (-row, -column), (0, 1)))
        at = divmod(int(grid.argmax()), grid.shape[1])
        shifts.append((at[0] * SHIFT_STEP, at[1] * SHIFT_STEP))
    return code_of(shifts)


def _correlation(spectrum: Spectrum, number: int) -> Floats:
    """Correlation of a tile with a pattern at each shift, in standard deviations."""
    values = tile_with(spectrum * np.conj(spectra()[number]))
    return values / (values.std() + np.float32(1e-9))
