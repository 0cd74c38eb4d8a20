"""Tile of the watermark: a fixed pattern to find it by, and one for each twelve bits, shifted by their value.

A tile has `TILE` pixels a side in a picture whose longer side is scaled to `LONGEST_SIDE`, so the size of the
picture does not matter. The patterns have only frequencies that survive JPEG and half the size.
"""

import zlib
from functools import cache

import numpy as np
import numpy.typing as npt

from bot.media.watermark.code import BITS, MarkCode

Floats = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complex64]
"""Waves of a tile, by their cycles down and across."""

LONGEST_SIDE = 768
TILE = 128
# Cycles a tile, from the lowest to the highest.
_LOWEST, _HIGHEST = 7, 26
_SEED = 0xD0BBE1
# Bits of the shift of a pattern: one of 64 rows and one of 64 columns, each two pixels from the next.
_SHIFT_BITS, _STEP = 12, 2
_ROW = TILE // _STEP
_CHECK_BITS = 12
PATTERNS = 1 + (BITS + _CHECK_BITS) // _SHIFT_BITS
# The first pattern is searched for at every scale and position, so it is a little stronger than the others.
_FIRST_WEIGHT = 1.3


# Cycles a tile of the rows and the columns of a spectrum; a row below zero is counted from the last one.
DOWN, ACROSS = np.arange(-_HIGHEST, _HIGHEST + 1), np.arange(_HIGHEST + 1)


@cache
def band() -> npt.NDArray[np.bool_]:
    """Waves of a spectrum that the patterns consist of."""
    radius = np.hypot(DOWN[:, None], ACROSS)
    return (radius >= _LOWEST) & (radius <= _HIGHEST)


@cache
def spectra() -> Spectrum:
    """Spectra of the patterns: each has the same strength at all frequencies, and phases of its own."""
    # The seed fixes the patterns, which must never change; numpy promises to keep this generator as it is.
    random = np.random.RandomState(_SEED)
    waves = np.fft.rfft2(random.standard_normal((PATTERNS, TILE, TILE)))[:, DOWN, : len(ACROSS)]
    return np.asarray(waves / np.abs(waves) * band(), np.complex64)


def tile_with(spectrum: Spectrum) -> Floats:
    """Tile that has this spectrum."""
    rows = np.zeros((TILE, len(ACROSS)), np.complex64)
    rows[DOWN] = spectrum
    return np.asarray(np.fft.irfft2(rows, (TILE, TILE)), np.float32)


def tile_of(code: MarkCode) -> Floats:
    """Tile that carries a code, with a standard deviation of 1."""
    patterns = [tile_with(spectrum) for spectrum in spectra()]
    value = code.bits << _CHECK_BITS | _check(code.bits)
    tile = patterns[0] * _FIRST_WEIGHT
    for pattern in patterns[1:]:
        row, column = divmod(value & ((1 << _SHIFT_BITS) - 1), _ROW)
        tile += np.roll(pattern, (row * _STEP, column * _STEP), (0, 1))
        value >>= _SHIFT_BITS
    return tile / tile.std()


def code_of(shifts: list[tuple[int, int]]) -> MarkCode | None:
    """Code of the shifts of all patterns but the first, in pixels; None if its check fails."""
    value = 0
    for row, column in reversed(shifts):
        value = value << _SHIFT_BITS | (row // _STEP) * _ROW + column // _STEP
    bits = value >> _CHECK_BITS
    return MarkCode(bits) if _check(bits) == value & ((1 << _CHECK_BITS) - 1) else None


def shift_grid(correlation: Floats) -> Floats:
    """Values of a correlation at the shifts that a pattern may have."""
    return correlation[::_STEP, ::_STEP]


SHIFT_STEP = _STEP


def _check(bits: int) -> int:
    return zlib.crc32(bits.to_bytes((BITS + 7) // 8)) & ((1 << _CHECK_BITS) - 1)
