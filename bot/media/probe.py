"""What a file really is, by its bytes: kind, size, dimensions, seconds; or why it cannot be used."""

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
    """Look at all of a file, without trusting any of it; raises nothing but `UnusableMedia`.

    A kind that the caller did not ask for is no error here: compare `Media.kind`.
    """
    found = sniff.media_type(content)
    kind = MediaKind.PICTURE if found.startswith("image/") else MediaKind.VIDEO
    most_bytes = limits.picture_bytes if kind is MediaKind.PICTURE else limits.video_bytes
    if len(content) > most_bytes:
        raise TooLarge(len(content), most_bytes)
    seconds = None
    if kind is MediaKind.PICTURE:
        width, height = picture.shown_size(
            content, found, most_pixels=limits.pixels, min_side=limits.min_side
        )
    else:
        width, height, seconds = video.shown(content, found, limits)
    return Media(kind, found, sniff.TAKEN[found], len(content), width, height, seconds)
