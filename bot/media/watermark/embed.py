"""Adds the watermark to pictures and to the frames of videos."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from bot.media.watermark.code import MarkCode
from bot.media.watermark.filters import local_deviation
from bot.media.watermark.pattern import LONGEST_SIDE, TILE, Floats, tile_of

# Standard deviation of the watermark, in steps of brightness, where the picture is neither smooth nor rough.
_STRENGTH = 2.0
# The eye sees noise in a smooth area first, so the watermark is weaker there, and stronger in rough ones.
_SMOOTHEST, _ROUGHEST, _ROUGHNESS = 0.55, 2.6, 12.0
# Sides of the square whose roughness counts, in the scaled picture and in a frame at half of that size.
_SQUARE, _VIDEO_SQUARE = 9, 5
# Rows that are marked at a time, which bounds the memory.
_STRIP_ROWS = 256


def embed(image: Image.Image, code: MarkCode) -> Image.Image:
    """Return a picture in RGB or RGBA with the watermark in its brightness; its `info` is kept."""
    mark = _mark_for(image, code)
    marked = image.copy()
    for top in range(0, image.height, _STRIP_ROWS):
        bottom = min(image.height, top + _STRIP_ROWS)
        box = (0, top, image.width, bottom)
        strip = _enlarged(mark, image.size, top, bottom)
        pixels = np.asarray(image.crop(box))
        changed = pixels.astype(np.float32)
        changed[..., :3] += strip[..., None]
        marked.paste(Image.fromarray(np.clip(np.rint(changed), 0, 255).astype(np.uint8), image.mode), box[:2])
    return marked


class FrameMarker:
    """Adds the watermark to the frames of one video."""

    def __init__(self, width: int, height: int, code: MarkCode) -> None:
        self._size = width, height
        canonical = _canonical(width, height)
        mark = Image.fromarray(_repeated(tile_of(code), *canonical))
        # Half precision, because a large frame has nine million pixels.
        self._mark = _enlarged(mark, self._size, 0, height).astype(np.float16)
        self._small = max(1, canonical[0] // 2), max(1, canonical[1] // 2)

    def mark(self, brightness: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the marked brightness of a frame; 16 to 235 is the range of video."""
        strength = Image.fromarray(_strength(Image.fromarray(brightness), self._small, _VIDEO_SQUARE))
        marked = np.empty_like(brightness)
        for top in range(0, len(brightness), _STRIP_ROWS):
            bottom = min(len(brightness), top + _STRIP_ROWS)
            rows = slice(top, bottom)
            change = self._mark[rows] * _enlarged(strength, self._size, top, bottom)
            marked[rows] = np.clip(np.rint(brightness[rows] + change), 16, 235)
        return marked


def _mark_for(image: Image.Image, code: MarkCode) -> Image.Image:
    width, height = _canonical(*image.size)
    strength = _strength(image.convert("L"), (width, height), _SQUARE)
    return Image.fromarray((_repeated(tile_of(code), width, height) * strength).astype(np.float32))


def _strength(grey: Image.Image, size: tuple[int, int], square: int) -> Floats:
    """Strength of the watermark in each place of a picture that is scaled to this size."""
    small = grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    roughness = local_deviation(np.asarray(small, np.float32), square)
    weight = np.clip(_SMOOTHEST + roughness / _ROUGHNESS, _SMOOTHEST, _ROUGHEST)
    return np.asarray(weight * _STRENGTH, np.float32)


def _enlarged(values: Image.Image, size: tuple[int, int], top: int, bottom: int) -> Floats:
    """Rows from `top` to `bottom` of these values, enlarged to this size."""
    width, height = size
    scale = values.height / height
    box = (0, top * scale, values.width, min(values.height, bottom * scale))
    return np.asarray(values.resize((width, bottom - top), Image.Resampling.BICUBIC, box=box), np.float32)


def _canonical(width: int, height: int) -> tuple[int, int]:
    scale = LONGEST_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _repeated(tile: Floats, width: int, height: int) -> Floats:
    return np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width]
