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

LONGEST_SIDE = 768
TILE = 128
# Cycles a tile, from the lowest to the highest.
_BAND = 7, 26
_SEED = 0xD0BBE1
# Bits of the shift of a pattern: one of 64 rows and one of 64 columns, each two pixels from the next.
_SHIFT_BITS, _STEP = 12, 2
_ROW = TILE // _STEP
_CHECK_BITS = 12
PATTERNS = 1 + (BITS + _CHECK_BITS) // _SHIFT_BITS
# The first pattern is searched for at every scale and position, so it is a little stronger than the others.
_FIRST_WEIGHT = 1.3


@cache
def band() -> npt.NDArray[np.bool_]:
    frequencies = np.fft.fftfreq(TILE, 1 / TILE)
    radius = np.hypot(frequencies[:, None], frequencies[None, :])
    return (radius >= _BAND[0]) & (radius <= _BAND[1])


@cache
def spectra() -> npt.NDArray[np.complex128]:
    """Spectra of the patterns: each has the same strength at all frequencies, and phases of its own."""
    # The seed fixes the patterns, which must never change; numpy promises to keep this generator as it is.
    random = np.random.RandomState(_SEED)
    waves = np.fft.fft2(random.standard_normal((PATTERNS, TILE, TILE)))
    return np.asarray(waves / np.abs(waves) * band(), np.complex128)


def tile_of(code: MarkCode) -> Floats:
    """Tile that carries a code, with a standard deviation of 1."""
    patterns = np.fft.ifft2(spectra()).real
    value = code.bits << _CHECK_BITS | _check(code.bits)
    tile = patterns[0] * _FIRST_WEIGHT
    for pattern in patterns[1:]:
        row, column = divmod(value & ((1 << _SHIFT_BITS) - 1), _ROW)
        tile += np.roll(pattern, (row * _STEP, column * _STEP), (0, 1))
        value >>= _SHIFT_BITS
    return np.asarray(tile / tile.std(), np.float32)


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
