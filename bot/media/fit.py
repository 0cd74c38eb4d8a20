"""A result made small enough for the place that it goes to."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from math import sqrt

from PIL import Image

from bot.media import picture, transcode
from bot.media.deadline import Deadline
from bot.media.provenance import mark
from bot.media.types import Media, UnusableMedia
from bot.models import MediaKind

# Qualities, and what each leaves of the first one's bytes: less in clean pictures, more in noisy ones.
_QUALITIES = {92: 1.0, 85: 0.7, 75: 0.45}
# Pictures are made smaller at this quality, which still looks clean.
_SMALLER_AT, _SMALLER_SHARE = 80, 0.55
# What is promised to miss the limit by this much is not tried.
_DOUBT = 1.5
_MOST_SIZES = 6
_MIN_SIDE = 64
_LONGEST_SIDE = {"WEBP": 16_383, "JPEG": 65_500}
# WebP takes more than ten times as long as JPEG: two seconds for this many.
_MOST_PIXELS = {"WEBP": 16_777_216, "JPEG": 100_000_000}


class Change(StrEnum):
    """What a file had to give: some of its quality, or of its width and height."""

    QUALITY = "quality"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Fitted:
    content: bytes
    media_type: str
    suffix: str
    changed: Change | None = None


class CannotFit(Exception):
    """No acceptable rendering of it is as small as the limit."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(size, limit)
        self.size = size
        self.limit = limit


def fit(content: bytes, media: Media, limit: int, effort: Deadline) -> Fitted:
    """The content itself if it fits, else a marked rendering of at most `limit` bytes, or `CannotFit`."""
    if len(content) <= limit:
        return Fitted(content, media.media_type, media.suffix)
    attempts = (
        _pictures(content, media, limit)
        if media.kind is MediaKind.PICTURE
        else _videos(content, media, limit, effort)
    )
    try:
        for fitted in attempts:
            if len(fitted.content) <= limit:
                return fitted
            if effort.over:
                break
    except (UnusableMedia, ValueError, OSError) as error:  # The last two are how Pillow's encoders give up.
        raise CannotFit(len(content), limit) from error
    raise CannotFit(len(content), limit)


def _pictures(content: bytes, media: Media, limit: int) -> Iterator[Fitted]:
    """First with less quality, then with fewer pixels; transparency needs WebP, JPEG shows everywhere."""
    image = picture.upright(content, media.media_type)
    transparent = image.has_transparency_data
    plugin = "WEBP" if transparent or media.media_type == "image/webp" else "JPEG"
    image = _plain(image, "RGBA" if transparent else "RGB")
    bearable = _bearable(image, plugin)
    image, scale = _resized(image, bearable), 1.0
    changed = Change.QUALITY if bearable == 1 else Change.SIZE
    first = None
    for quality, share in _QUALITIES.items():
        if first is not None and first * share > limit * _DOUBT:
            continue
        fitted = _rendered(image, plugin, quality, changed)
        yield fitted
        first = first or len(fitted.content)
        scale = min(1.0, _step(limit, len(fitted.content) * _SMALLER_SHARE / share))
    for _ in range(_MOST_SIZES):
        smaller = _resized(image, scale)
        if min(smaller.size) < min(_MIN_SIDE, *image.size):
            return
        fitted = _rendered(smaller, plugin, _SMALLER_AT, Change.SIZE)
        yield fitted
        scale *= _step(limit, len(fitted.content))


def _bearable(image: Image.Image, plugin: str) -> float:
    """What the sides must be shrunk by for the format to take them, and to be done soon."""
    return min(
        1.0,
        _LONGEST_SIDE[plugin] / max(image.size),
        sqrt(_MOST_PIXELS[plugin] / (image.width * image.height)),
    )


def _resized(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    smaller.info = image.info
    return smaller


def _step(limit: int, size: float) -> float:
    """By how much to shrink the sides when this many bytes were too many."""
    return max(0.2, min(0.9, 0.95 * sqrt(limit / size)))


def _plain(image: Image.Image, mode: str) -> Image.Image:
    plain = picture.eight_bits(image).convert(mode)
    # A profile of other channels than these would give wrong colours.
    profile = image.info.get("icc_profile") if image.mode.startswith("RGB") else None
    plain.info = {"icc_profile": profile}
    return plain


def _rendered(image: Image.Image, plugin: str, quality: int, changed: Change) -> Fitted:
    file = BytesIO()
    image.save(file, plugin, quality=quality, icc_profile=image.info["icc_profile"])
    media_type, suffix = ("image/webp", ".webp") if plugin == "WEBP" else ("image/jpeg", ".jpg")
    return Fitted(mark(file.getvalue(), media_type), media_type, suffix, changed)


def _videos(content: bytes, media: Media, limit: int, effort: Deadline) -> Iterator[Fitted]:
    for rendering in transcode.renderings(content, media, limit, effort):
        marked = mark(rendering.content, transcode.MEDIA_TYPE)
        yield Fitted(
            marked, transcode.MEDIA_TYPE, ".mp4", Change.SIZE if rendering.smaller else Change.QUALITY
        )
