"""A still picture, decoded once to see whether it can be."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image

from bot.media.formats import jpeg, png, webp
from bot.media.formats.header import Outline
from bot.media.types import Damaged, TooManyPixels, TooSmall

_OUTLINES: dict[str, Callable[[bytes], Outline]] = {
    png.MEDIA_TYPE: png.outline,
    jpeg.MEDIA_TYPE: jpeg.outline,
    webp.MEDIA_TYPE: webp.outline,
}
# Pillow's own plugins can do more, such as following a JPEG into the pictures behind it.
_PLUGINS = {png.MEDIA_TYPE: "PNG", jpeg.MEDIA_TYPE: "JPEG", webp.MEDIA_TYPE: "WEBP"}
# Its decoder keeps several copies of what it draws.
_COSTS = {webp.MEDIA_TYPE: 2}
_WITH_DEPTH = ("I", "F")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def shown_size(content: bytes, found: str, *, most_pixels: int, min_side: int) -> tuple[int, int]:
    """Width and height as shown. Takes about four bytes of memory a pixel."""
    outline = _OUTLINES[found](content)
    width, height = outline.shown_size
    # Above Pillow's own line it would warn, whatever is allowed here.
    limit = min(most_pixels, Image.MAX_IMAGE_PIXELS or most_pixels) // _COSTS.get(found, 1)
    if width * height > limit:
        raise TooManyPixels(width, height, limit)
    _check(outline, found)
    if min(width, height) < min_side:
        raise TooSmall(width, height, min_side)
    return width, height


def upright(content: bytes, found: str) -> Image.Image:
    """A picture as shown, without its metadata except for the colour profile in `info`."""
    outline = _OUTLINES[found](content)
    try:
        with _opened(outline, found) as image:
            image.load()
            turn = _TURNS.get(outline.orientation)
            return image if turn is None else image.transpose(turn)
    except Exception as error:  # As below.
        raise Damaged(found) from error


def eight_bits(image: Image.Image) -> Image.Image:
    """The same picture with at most eight bits a channel."""
    if not image.mode.startswith(_WITH_DEPTH):
        return image
    # Pillow cuts off at 255 instead of scaling.
    return image.convert("I").point(lambda value: value / 256).convert("L")


def _check(outline: Outline, found: str) -> None:
    try:
        with _opened(outline, found) as image:
            # A JPEG is then read completely, but drawn with an eighth of each side. Others ignore it.
            image.draft(image.mode, (outline.width // 8, outline.height // 8))
            image.load()
    except Exception as error:  # Pillow's decoders raise whatever a hostile byte leads them to.
        raise Damaged(found) from error


def _opened(outline: Outline, found: str) -> Image.Image:
    return Image.open(BytesIO(outline.bare), formats=[_PLUGINS[found]])
