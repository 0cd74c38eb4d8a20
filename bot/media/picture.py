"""Decoding of still pictures."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image

from bot.media.formats import jpeg, png, webp
from bot.media.formats.header import PictureHeader
from bot.media.types import Damaged, Limits, TooManyPixels, TooSmall, UnusableMedia

OnImage = Callable[[Image.Image], None]

LONGEST_SIDE = 1536
"""Longest side of what anybody looks at; enough for a model to see a face."""

_HEADER_READERS: dict[str, Callable[[bytes], PictureHeader]] = {
    png.MEDIA_TYPE: png.read_header,
    jpeg.MEDIA_TYPE: jpeg.read_header,
    webp.MEDIA_TYPE: webp.read_header,
}
# Only these plugins may decode: others do more, such as following a JPEG into the pictures behind it.
_PLUGINS = {png.MEDIA_TYPE: "PNG", jpeg.MEDIA_TYPE: "JPEG", webp.MEDIA_TYPE: "WEBP"}
# The WebP decoder keeps several copies of the picture in memory.
_MEMORY_FACTORS = {webp.MEDIA_TYPE: 3}
# Rows of the reduced picture.
_STRIP_ROWS = 64
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


def check(content: bytes, found: str, limits: Limits, on_image: OnImage | None) -> tuple[int, int]:
    """Return width and height as displayed, or raise. Takes about four bytes of memory a pixel.

    `on_image` gets the picture upright, and reduced to little more than `LONGEST_SIDE`.
    """
    header = _HEADER_READERS[found](content)
    width, height = header.display_size
    # Pillow would warn above its own limit, whatever is allowed here.
    most_pixels = min(limits.pixels, Image.MAX_IMAGE_PIXELS or limits.pixels) // _MEMORY_FACTORS.get(found, 1)
    if width * height > most_pixels:
        raise TooManyPixels(width, height, most_pixels)
    # A draft JPEG is read completely, but decoded at a fraction of its size. Other formats ignore it.
    draft = (header.width // 8, header.height // 8) if on_image is None else (LONGEST_SIDE, LONGEST_SIDE)
    with _decoded(header, found, draft) as image:
        if min(width, height) < limits.min_side:
            raise TooSmall(width, height, limits.min_side)
        if on_image is not None:
            on_image(turned(_reduced(image), header.orientation))
    return width, height


def upright(content: bytes, found: str) -> Image.Image:
    """Decode a picture as displayed, without its metadata except for the colour profile in `info`."""
    header = _HEADER_READERS[found](content)
    with _decoded(header, found) as image:
        return turned(image, header.orientation)


def eight_bits(image: Image.Image) -> Image.Image:
    """Convert a picture to eight bits a channel."""
    if not image.mode.startswith(_DEEP_MODES):
        return image
    # Pillow's own conversion clips at 255 instead of scaling.
    return image.convert("I").point(lambda value: value / 256).convert("L")


def converted(image: Image.Image) -> Image.Image:
    """Convert a picture to RGB, or RGBA if it has transparent pixels, with its colour profile."""
    rgb = eight_bits(image).convert("RGBA" if image.has_transparency_data else "RGB")
    # A colour profile for other channels than RGB would give wrong colours.
    profile = image.info.get("icc_profile") if image.mode.startswith("RGB") else None
    rgb.info = {"icc_profile": profile}
    return rgb


@contextmanager
def _decoded(
    header: PictureHeader, found: str, draft: tuple[int, int] | None = None
) -> Generator[Image.Image]:
    try:
        with Image.open(BytesIO(header.stripped), formats=[_PLUGINS[found]]) as image:
            if draft is not None:
                image.draft(image.mode, draft)
            image.load()
            yield image
    except (UnusableMedia, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise any exception for hostile bytes.
        raise Damaged(found) from error


def turned(image: Image.Image, orientation: int) -> Image.Image:
    transpose = _TRANSPOSES.get(orientation)
    return image if transpose is None else image.transpose(transpose)


def _reduced(image: Image.Image) -> Image.Image:
    """Reduce a large picture by a whole number, to eight bits a channel.

    In strips, because Pillow converts a palette, transparency or deep pixels in a copy of the whole picture.
    """
    factor = max(image.size) // LONGEST_SIDE
    if factor <= 1:
        return image
    size = -(-image.width // factor), -(-image.height // factor)
    reduced: Image.Image | None = None
    for top in range(0, size[1], _STRIP_ROWS):
        box = (0, top * factor, image.width, min(image.height, (top + _STRIP_ROWS) * factor))
        strip = _plain(image.crop(box)).reduce(factor)
        if reduced is None:
            reduced = Image.new(strip.mode, size)
            reduced.info = {"icc_profile": image.info.get("icc_profile")}
        reduced.paste(strip, (0, top))
    return image if reduced is None else reduced


def _plain(image: Image.Image) -> Image.Image:
    """Convert a picture to one of the modes that can be averaged."""
    if image.mode in {"P", "1", "PA"}:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in {"L", "RGB"} and "transparency" in image.info:
        return image.convert("RGBA")
    return eight_bits(image)
