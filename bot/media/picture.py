"""Decoding of still pictures."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image

from bot.media.formats import jpeg, png, webp
from bot.media.formats.header import PictureHeader
from bot.media.types import Damaged, TooManyPixels, TooSmall

_HEADER_READERS: dict[str, Callable[[bytes], PictureHeader]] = {
    png.MEDIA_TYPE: png.read_header,
    jpeg.MEDIA_TYPE: jpeg.read_header,
    webp.MEDIA_TYPE: webp.read_header,
}
# Only these plugins may decode: others do more, such as following a JPEG into the pictures behind it.
_PLUGINS = {png.MEDIA_TYPE: "PNG", jpeg.MEDIA_TYPE: "JPEG", webp.MEDIA_TYPE: "WEBP"}
# The WebP decoder keeps several copies of the picture in memory.
_MEMORY_FACTORS = {webp.MEDIA_TYPE: 2}
_DEEP_MODES = ("I", "F")
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def check(content: bytes, found: str, *, most_pixels: int, min_side: int) -> tuple[int, int]:
    """Return width and height as displayed, or raise. Takes about four bytes of memory a pixel."""
    header = _HEADER_READERS[found](content)
    width, height = header.display_size
    # Pillow would warn above its own limit, whatever is allowed here.
    limit = min(most_pixels, Image.MAX_IMAGE_PIXELS or most_pixels) // _MEMORY_FACTORS.get(found, 1)
    if width * height > limit:
        raise TooManyPixels(width, height, limit)
    _check_pixels(header, found)
    if min(width, height) < min_side:
        raise TooSmall(width, height, min_side)
    return width, height


def upright(content: bytes, found: str) -> Image.Image:
    """Decode a picture as displayed, without its metadata except for the colour profile in `info`."""
    header = _HEADER_READERS[found](content)
    try:
        with _open(header, found) as image:
            image.load()
            transpose = _TRANSPOSES.get(header.orientation)
            return image if transpose is None else image.transpose(transpose)
    except Exception as error:  # Pillow's decoders raise any exception for hostile bytes.
        raise Damaged(found) from error


def eight_bits(image: Image.Image) -> Image.Image:
    """Convert a picture to eight bits a channel."""
    if not image.mode.startswith(_DEEP_MODES):
        return image
    # Pillow's own conversion clips at 255 instead of scaling.
    return image.convert("I").point(lambda value: value / 256).convert("L")


def _check_pixels(header: PictureHeader, found: str) -> None:
    try:
        with _open(header, found) as image:
            # A draft JPEG is read completely, but decoded at an eighth of its size. Other formats ignore it.
            image.draft(image.mode, (header.width // 8, header.height // 8))
            image.load()
    except Exception as error:  # Pillow's decoders raise any exception for hostile bytes.
        raise Damaged(found) from error


def _open(header: PictureHeader, found: str) -> Image.Image:
    return Image.open(BytesIO(header.stripped), formats=[_PLUGINS[found]])
