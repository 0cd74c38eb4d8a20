"""Making a result small enough for the place that it is delivered to."""

from collections.abc import Iterator
from io import BytesIO
from math import sqrt

from PIL import Image

from bot.media import picture, transcode
from bot.media.deadline import Deadline
from bot.media.marks.choice import NO_MARKS, Marks
from bot.media.marks.pixels import mark_image
from bot.media.marks.provenance import mark
from bot.media.types import CannotFit, Fitted, Media, UnusableMedia
from bot.media_kind import MediaKind

# Qualities, and each one's share of the first one's bytes: less for clean pictures, more for noisy ones.
_QUALITIES = {92: 1.0, 85: 0.7, 75: 0.45}
# Quality of pictures that are made smaller, which still looks clean, and its share of the first one's bytes.
_RESIZE_QUALITY, _RESIZE_SHARE = 80, 0.55
# Qualities whose estimated size exceeds the limit by this factor are skipped.
_ESTIMATE_MARGIN = 1.5
_MAX_RESIZES = 6
_MIN_SIDE = 64
_MAX_SIDE = {"WEBP": 16_383, "JPEG": 65_500}
# WebP takes more than ten times as long as JPEG: two seconds for this many pixels.
_MAX_PIXELS = {"WEBP": 16_777_216, "JPEG": 100_000_000}


# A marked video may grow by this factor, which makes up for encoding it twice and for the watermark.
_MARKED_GROWTH = 1.4


def fit(content: bytes, media: Media, limit: int, deadline: Deadline, marks: Marks = NO_MARKS) -> Fitted:
    """Return a marked rendering of at most `limit` bytes; without `marks`, the content itself if it fits.

    Raises `CannotFit` if there is none.
    """
    if len(content) <= limit and not marks:
        return Fitted(content, media.media_type, media.suffix)
    attempts = (
        _render_picture(content, media, limit, marks)
        if media.kind is MediaKind.PICTURE
        else _render_video(content, media, limit, deadline, marks)
    )
    try:
        for fitted in attempts:
            if len(fitted.content) <= limit:
                return fitted
            if deadline.expired:
                break
    except (UnusableMedia, ValueError, OSError) as error:  # Pillow's encoders raise the last two.
        raise CannotFit(len(content), limit) from error
    raise CannotFit(len(content), limit)


def _render_picture(content: bytes, media: Media, limit: int, marks: Marks) -> Iterator[Fitted]:
    """Encode with less quality, then with fewer pixels; transparency needs WebP, JPEG opens everywhere."""
    image = mark_image(picture.converted(picture.upright(content, media.media_type)), marks)
    plugin = "WEBP" if image.mode == "RGBA" or media.media_type == "image/webp" else "JPEG"
    image, scale = _resize(image, _max_scale(image, plugin)), 1.0
    first = None
    for quality, share in _QUALITIES.items():
        if first is not None and first * share > limit * _ESTIMATE_MARGIN:
            continue
        fitted = _encode(image, plugin, quality)
        yield fitted
        first = first or len(fitted.content)
        scale = min(1.0, _shrink_factor(limit, len(fitted.content) * _RESIZE_SHARE / share))
    for _ in range(_MAX_RESIZES):
        smaller = _resize(image, scale)
        if min(smaller.size) < min(_MIN_SIDE, *image.size):
            return
        fitted = _encode(smaller, plugin, _RESIZE_QUALITY)
        yield fitted
        scale *= _shrink_factor(limit, len(fitted.content))


def _max_scale(image: Image.Image, plugin: str) -> float:
    """Largest scale of the sides that the format allows and that is encoded in time."""
    return min(
        1.0,
        _MAX_SIDE[plugin] / max(image.size),
        sqrt(_MAX_PIXELS[plugin] / (image.width * image.height)),
    )


def _resize(image: Image.Image, scale: float) -> Image.Image:
    if scale == 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    smaller.info = image.info
    return smaller


def _shrink_factor(limit: int, size: float) -> float:
    """Factor for the sides of a picture that was encoded to `size` bytes, which were too many."""
    return max(0.2, min(0.9, 0.95 * sqrt(limit / size)))


def _encode(image: Image.Image, plugin: str, quality: int) -> Fitted:
    file = BytesIO()
    image.save(file, plugin, quality=quality, icc_profile=image.info["icc_profile"])
    media_type, suffix = ("image/webp", ".webp") if plugin == "WEBP" else ("image/jpeg", ".jpg")
    return Fitted(mark(file.getvalue(), media_type), media_type, suffix)


def _render_video(
    content: bytes, media: Media, limit: int, deadline: Deadline, marks: Marks
) -> Iterator[Fitted]:
    limit = min(limit, round(len(content) * _MARKED_GROWTH))
    for rendering in transcode.renderings(content, media, limit, deadline, marks):
        yield Fitted(mark(rendering, transcode.MEDIA_TYPE), transcode.MEDIA_TYPE, ".mp4")
