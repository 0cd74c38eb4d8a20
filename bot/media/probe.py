"""Inspection of a file by its bytes: kind, size, dimensions and seconds, or the error it has."""

from contextlib import suppress

from PIL import Image

from bot.media import picture, sniff, video
from bot.media.fingerprints import Fingerprint
from bot.media.hashing import Hasher
from bot.media.small_copy import encode
from bot.media.types import InspectedFile, Limits, Media, SmallCopy, TooLarge, UnusableMedia
from bot.models import MediaKind


def inspect(content: bytes, limits: Limits, look: picture.Look | None = None) -> Media:
    """Inspect a whole file without trusting any of it; raises only `UnusableMedia` and `MemoryError`.

    Accepts both kinds, so a caller that needs a picture or a video compares `Media.kind`. `look` sees the
    picture, upright and reduced, or the first key frames of the video: a file is decoded only once.
    """
    found = sniff.media_type(content)
    kind = MediaKind.PICTURE if found.startswith("image/") else MediaKind.VIDEO
    most_bytes = limits.picture_bytes if kind is MediaKind.PICTURE else limits.video_bytes
    if len(content) > most_bytes:
        raise TooLarge(len(content), most_bytes)
    seconds = None
    if kind is MediaKind.PICTURE:
        width, height = picture.check(content, found, limits, look)
    else:
        width, height, seconds = video.check(content, found, limits, look)
    return Media(kind, found, sniff.SUFFIXES[found], len(content), width, height, seconds)


def inspect_upload(content: bytes, limits: Limits, *, small_copy: bool) -> InspectedFile:
    """Inspect a member's file, with its fingerprint and perhaps a small copy of a picture."""
    hasher, copies = Hasher(), list[SmallCopy]()
    copied = small_copy and sniff.media_type(content).startswith("image/")

    def look(image: Image.Image) -> None:
        hasher.look(image)
        if copied:
            copies.append(encode(image))

    media = inspect(content, limits, look)
    return InspectedFile(media, hasher.fingerprint(content), copies[0] if copies else None)


def fingerprint_of(content: bytes, limits: Limits) -> Fingerprint:
    """Fingerprint of any file; one that is no readable picture or video has no difference hashes."""
    hasher = Hasher()
    with suppress(UnusableMedia):
        inspect(content, limits, hasher.look)
    return hasher.fingerprint(content)
