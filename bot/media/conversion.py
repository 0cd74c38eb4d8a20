"""Conversion of pictures in formats that Segmind does not take, such as a phone's HEIC, to JPEG or PNG."""

from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from typing import cast

from PIL import AvifImagePlugin, Image

from bot.media import picture, small_copy
from bot.media.animations import decoding
from bot.media.formats import gif
from bot.media.formats.header import exif_orientation
from bot.media.types import Damaged, Limits, TooManyPixels, TooSmall, Unsupported, UnusableMedia

_HEIF, _AVIF = "HEIF", "AVIF"
# Both formats share one container, of which the generic brand tells neither.
_PLUGINS = {"image/heic": [_HEIF], "image/heif": [_HEIF, _AVIF], "image/avif": [_AVIF]}
FORMATS = frozenset({*_PLUGINS, gif.MEDIA_TYPE})
# The decoders keep a copy of the picture in other colours next to the decoded one.
_MEMORY_FACTOR = 2
_JPEG_QUALITY = 95
_OPAQUE = (255, 255)


def to_still(content: bytes, found: str, limits: Limits) -> bytes:
    """Convert a picture, or the first frame of an animation, to a JPEG or, if transparent, a PNG."""
    if found in _PLUGINS:
        with _decoded(content, found, limits) as image:
            return small_copy.encode_pixels(image, _JPEG_QUALITY).content
    with decoding.opened(content, found, limits) as animated:
        frame = next(animated.frames())
    opaque = frame.getchannel("A").getextrema() == _OPAQUE
    return small_copy.encode_pixels(frame.convert("RGB") if opaque else frame, _JPEG_QUALITY).content


@contextmanager
def _decoded(content: bytes, found: str, limits: Limits) -> Generator[Image.Image]:
    plugins = _PLUGINS[found]
    if _HEIF in plugins:
        _register_heif()
    # Each thread of a decoder takes address space, which the media worker limits.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    try:
        with Image.open(BytesIO(content), formats=plugins) as image:
            _check(image, found, limits)
            image.load()
            # Pillow does not type `info`. The HEIF decoder turns the picture itself, and says so in its EXIF.
            exif = cast("object", image.info.get("exif"))
            yield picture.turned(image, exif_orientation(exif) if isinstance(exif, bytes) else 1)
    except (UnusableMedia, MemoryError):
        raise
    except Exception as error:  # The decoders raise any exception for hostile bytes.
        raise Damaged(found) from error


def _check(image: Image.Image, found: str, limits: Limits) -> None:
    if found == "image/avif" and getattr(image, "is_animated", False):
        raise Unsupported(found)
    width, height = image.size
    if width * height > limits.pixels // _MEMORY_FACTOR:
        raise TooManyPixels(width, height, limits.pixels // _MEMORY_FACTOR)
    if min(width, height) < limits.min_side:
        raise TooSmall(width, height, limits.min_side)


def _register_heif() -> None:
    # Its libraries are loaded for those files only.
    import pi_heif  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]

    pi_heif.register_heif_opener(  # pyright: ignore[reportUnknownMemberType]
        thumbnails=False, decode_threads=1
    )
