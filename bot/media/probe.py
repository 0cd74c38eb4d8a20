"""Inspection of an uploaded file by its bytes: kind, size, dimensions and seconds, or the error it has."""

from bot.media import picture, sniff, video
from bot.media.types import (
    Animated,
    Damaged,
    Limits,
    Media,
    TooLarge,
    TooLong,
    TooManyFrames,
    TooManyPixels,
    TooSmall,
    Truncated,
    Unrecognised,
    Unsupported,
    UnusableMedia,
)
from bot.models import MediaKind

__all__ = [
    "Animated",
    "Damaged",
    "Limits",
    "Media",
    "TooLarge",
    "TooLong",
    "TooManyFrames",
    "TooManyPixels",
    "TooSmall",
    "Truncated",
    "Unrecognised",
    "Unsupported",
    "UnusableMedia",
    "inspect",
]


def inspect(content: bytes, limits: Limits) -> Media:
    """Inspect a whole file without trusting any of it; raises only `UnusableMedia`.

    Accepts both kinds, so a caller that needs a picture or a video compares `Media.kind`.
    """
    found = sniff.media_type(content)
    kind = MediaKind.PICTURE if found.startswith("image/") else MediaKind.VIDEO
    most_bytes = limits.picture_bytes if kind is MediaKind.PICTURE else limits.video_bytes
    if len(content) > most_bytes:
        raise TooLarge(len(content), most_bytes)
    seconds = None
    if kind is MediaKind.PICTURE:
        width, height = picture.check(content, found, most_pixels=limits.pixels, min_side=limits.min_side)
    else:
        width, height, seconds = video.check(content, found, limits)
    return Media(kind, found, sniff.SUFFIXES[found], len(content), width, height, seconds)
