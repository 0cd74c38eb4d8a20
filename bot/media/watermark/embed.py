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
_VIDEO_STRENGTH = 1.2
# Rows that are marked at a time, which bounds the memory.
_STRIP_ROWS = 256


def embed(image: Image.Image, code: MarkCode) -> Image.Image:
    """Return a picture in RGB or RGBA with the watermark in its brightness; its `info` is kept."""
    mark = _mark_for(image, code)
    marked = image.copy()
    scale = mark.height / image.height
    for top in range(0, image.height, _STRIP_ROWS):
        bottom = min(image.height, top + _STRIP_ROWS)
        box = (0, top, image.width, bottom)
        strip = mark.resize(
            (image.width, bottom - top),
            Image.Resampling.BICUBIC,
            box=(0, top * scale, mark.width, min(mark.height, bottom * scale)),
        )
        pixels = np.asarray(image.crop(box))
        changed = pixels.astype(np.float32)
        changed[..., :3] += np.asarray(strip)[..., None]
        marked.paste(Image.fromarray(np.clip(np.rint(changed), 0, 255).astype(np.uint8), image.mode), box[:2])
    return marked


class FrameMarker:
    """Adds the watermark to the frames of one video."""

    def __init__(self, width: int, height: int, code: MarkCode) -> None:
        mark = Image.fromarray(_repeated(tile_of(code), *_canonical(width, height)) * _VIDEO_STRENGTH)
        self._mark = np.rint(np.asarray(mark.resize((width, height), Image.Resampling.BICUBIC))).astype(
            np.int16
        )

    def mark(self, brightness: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the marked brightness of a frame; 16 to 235 is the range of video."""
        return np.clip(brightness + self._mark, 16, 235).astype(np.uint8)


def _mark_for(image: Image.Image, code: MarkCode) -> Image.Image:
    width, height = _canonical(*image.size)
    small = image.convert("L").resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    roughness = local_deviation(np.asarray(small, np.float32), 9)
    strength = np.clip(_SMOOTHEST + roughness / _ROUGHNESS, _SMOOTHEST, _ROUGHEST) * _STRENGTH
    return Image.fromarray((_repeated(tile_of(code), width, height) * strength).astype(np.float32))


def _canonical(width: int, height: int) -> tuple[int, int]:
    scale = LONGEST_SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _repeated(tile: Floats, width: int, height: int) -> Floats:
    return np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width]
