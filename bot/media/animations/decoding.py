"""Decoding of animated pictures: GIF, APNG and animated WebP."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from bot.media.formats import gif, png, webp
from bot.media.formats.header import AnimationHeader
from bot.media.types import (
    Animated,
    Damaged,
    Limits,
    TooLong,
    TooManyFrames,
    TooManyPixels,
    TooSmall,
    UnusableMedia,
)

_HEADER_READERS: dict[str, Callable[[bytes], AnimationHeader]] = {
    gif.MEDIA_TYPE: gif.read_animation,
    png.MEDIA_TYPE: png.read_animation,
    webp.MEDIA_TYPE: webp.read_animation,
}
FORMATS = frozenset(_HEADER_READERS)
_PLUGINS = {gif.MEDIA_TYPE: "GIF", png.MEDIA_TYPE: "PNG", webp.MEDIA_TYPE: "WEBP"}


@dataclass(frozen=True, slots=True)
class Animation:
    """Opened animation, whose frames are decoded one by one."""

    header: AnimationHeader
    image: Image.Image

    def frames(self) -> Iterator[Image.Image]:
        """Yield each frame as displayed, at the size of the animation."""
        # An APNG may begin with a picture for programs that show no animations.
        first = int(bool(self.image.info.get("default_image")))
        for number in range(len(self.header.delays)):
            self.image.seek(first + number)
            yield self.image.convert("RGBA")


def refuse_animated_gif(content: bytes) -> None:
    """Raise `Animated` for a GIF of several frames, as reading the header of other formats does."""
    if len(gif.read_animation(content).delays) > 1:
        raise Animated(gif.MEDIA_TYPE)


@contextmanager
def opened(content: bytes, found: str, limits: Limits) -> Generator[Animation]:
    """Open an animation whose header is within the limits."""
    header = _HEADER_READERS[found](content)
    _check(header, limits)
    try:
        with Image.open(BytesIO(header.stripped), formats=[_PLUGINS[found]]) as image:
            yield Animation(header, image)
    except (UnusableMedia, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise any exception for hostile bytes.
        raise Damaged(found) from error


def _check(header: AnimationHeader, limits: Limits) -> None:
    seconds = sum(header.delays)
    if header.width * header.height > limits.frame_pixels:
        raise TooManyPixels(header.width, header.height, limits.frame_pixels)
    if min(header.width, header.height) < limits.min_side:
        raise TooSmall(header.width, header.height, limits.min_side)
    if seconds > limits.video_seconds:
        raise TooLong(seconds, limits.video_seconds)
    if len(header.delays) > limits.frames:
        raise TooManyFrames(limits.frames)
