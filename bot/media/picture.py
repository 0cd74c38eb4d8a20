"""A still picture, decoded once to see whether it can be."""

from collections.abc import Callable
from io import BytesIO

from PIL import Image

from bot.media.facts import Damaged, TooManyPixels, TooSmall
from bot.media.formats import jpeg, png, webp
from bot.media.formats.outline import Outline

_OUTLINES: dict[str, Callable[[bytes], Outline]] = {
    png.MEDIA_TYPE: png.outline,
    jpeg.MEDIA_TYPE: jpeg.outline,
    webp.MEDIA_TYPE: webp.outline,
}
# Pillow's own plugins can do more, such as following a JPEG into the pictures behind it.
_PLUGINS = {png.MEDIA_TYPE: "PNG", jpeg.MEDIA_TYPE: "JPEG", webp.MEDIA_TYPE: "WEBP"}


def shown_size(content: bytes, found: str, *, most_pixels: int, min_side: int) -> tuple[int, int]:
    """Width and height as shown. Takes about four bytes of memory a pixel, for a WebP twelve."""
    outline = _OUTLINES[found](content)
    width, height = (outline.height, outline.width) if outline.turned else (outline.width, outline.height)
    # Above Pillow's own line it would warn, whatever is allowed here.
    limit = min(most_pixels, Image.MAX_IMAGE_PIXELS or most_pixels)
    if width * height > limit:
        raise TooManyPixels(width, height, limit)
    _decode(outline, found)
    if min(width, height) < min_side:
        raise TooSmall(width, height, min_side)
    return width, height


def _decode(outline: Outline, found: str) -> None:
    try:
        with Image.open(BytesIO(outline.bare), formats=[_PLUGINS[found]]) as image:
            same = image.size == (outline.width, outline.height)
            # A JPEG is then read completely, but drawn with an eighth of each side. Others ignore it.
            image.draft(image.mode, (outline.width // 8, outline.height // 8))
            image.load()
    except Exception as error:  # Pillow's decoders raise whatever a hostile byte leads them to.
        raise Damaged(found) from error
    if not same:
        raise Damaged(found)
