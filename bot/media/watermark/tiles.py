"""Sum of a picture's tiles, for any size of the tiles."""

import numpy as np
import numpy.typing as npt

from bot.media.watermark.pattern import ACROSS, DOWN, TILE, Floats, Spectrum


class SummedTiles:
    """Spectra of the sum of a picture's tiles.

    The sum has only those waves of the picture that repeat in each tile, so only these are computed. Scaling
    the picture to each size and adding up its tiles takes ten times as long.
    """

    def __init__(self, picture: Floats) -> None:
        self._size = picture.shape
        # No pattern is finer, so every second pixel tells all about it.
        self._picture = _halved(_halved(picture, 0), 1)

    def spectrum(self, share: float) -> Spectrum:
        """Spectrum for tiles of the size that they have if the picture is this share of the marked one."""
        rows, columns = self._picture.shape
        down = _waves(DOWN, rows, self._size[0], share)
        across = _waves(ACROSS, columns, self._size[1], share)
        # Both parts of a complex number side by side, because the picture has no imaginary part to multiply.
        sums = self._picture @ across.view(np.float32)
        return down.T @ sums.view(np.complex64)


def _halved(values: Floats, axis: int) -> Floats:
    """Values at half as many places along an axis, without the waves that are too short for these."""
    waves = np.fft.rfft(values, axis=axis, norm="forward")
    kept = -(-values.shape[axis] // 2)
    return np.asarray(np.fft.irfft(waves, kept, axis, norm="forward"), np.float32)


def _waves(cycles: npt.NDArray[np.int_], kept: int, length: int, share: float) -> Spectrum:
    """Waves with these cycles a tile, at the places of the pixels that are kept of `length`."""
    # The centre of a pixel stays in its place when a picture is scaled.
    places = (np.arange(kept) * (length / kept) + 0.5) * share - 0.5
    angles = np.outer(places * (-2 * np.pi / TILE), cycles).astype(np.float32)
    waves = np.empty(angles.shape, np.complex64)
    waves.real, waves.imag = np.cos(angles), np.sin(angles)
    return waves
