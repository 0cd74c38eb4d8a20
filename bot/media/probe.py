"""Inspection of a file by its bytes: kind, size, dimensions and seconds, or the error it has."""

from contextlib import suppress
from dataclasses import replace

from PIL import Image

from bot.media import conversion, picture, sniff, video
from bot.media.animations import decoding
from bot.media.fingerprints import Fingerprint
from bot.media.formats import gif
from bot.media.hashing import Hasher, exact_hash
from bot.media.small_copy import encode
from bot.media.types import (
    Explicit,
    InspectedFile,
    Judgement,
    Limits,
    Media,
    SmallCopy,
    TooLarge,
    UnusableMedia,
)
from bot.media_kind import MediaKind

_SEVERITY = list(Judgement)


def inspect(content: bytes, limits: Limits, on_image: picture.OnImage | None = None) -> Media:
    """Inspect a whole file without trusting any of it; raises only `UnusableMedia` and `MemoryError`.

    Accepts both kinds, so a caller that needs a picture or a video compares `Media.kind`. `on_image` gets the
    picture, upright and reduced, or the first key frames of the video: a file is decoded only once.
    """
    found = sniff.media_type(content)
    kind = MediaKind.PICTURE if found.startswith("image/") else MediaKind.VIDEO
    most_bytes = limits.picture_bytes if kind is MediaKind.PICTURE else limits.video_bytes
    if len(content) > most_bytes:
        raise TooLarge(len(content), most_bytes)
    seconds = None
    if kind is MediaKind.PICTURE:
        width, height = picture.check(content, found, limits, on_image)
    else:
        width, height, seconds = video.check(content, found, limits, on_image)
    return Media(kind, found, sniff.SUFFIXES[found], len(content), width, height, seconds)


def inspect_upload(
    content: bytes, limits: Limits, *, small_copy: bool, first_frame: bool = False
) -> InspectedFile:
    """Inspect a member's file, with its fingerprint and perhaps a small copy of a picture.

    Pictures that Segmind would not take are converted first, and so is the first frame of an animation, if
    it is wanted.
    """
    found = sniff.any_media_type(content)
    first_frame = first_frame and found in decoding.FORMATS
    if not first_frame and found not in conversion.FORMATS:
        return _inspect_accepted(content, limits, small_copy=small_copy)
    if len(content) > limits.picture_bytes:
        raise TooLarge(len(content), limits.picture_bytes)
    if not first_frame and found == gif.MEDIA_TYPE:
        decoding.refuse_animated_gif(content)
    converted = conversion.to_still(content, found, limits)
    return inspect_converted(content, converted, limits, small_copy=small_copy)


def inspect_converted(content: bytes, converted: bytes, limits: Limits, *, small_copy: bool) -> InspectedFile:
    """Inspect the file that Segmind receives instead of the member's."""
    # The limits of bytes are for what members send.
    size = len(converted)
    roomy = replace(limits, picture_bytes=size, video_bytes=size)
    inspected = _inspect_accepted(converted, roomy, small_copy=small_copy)
    # The bot recognises the same file by the bytes that the member sent.
    fingerprint = replace(inspected.fingerprint, exact=exact_hash(content))
    return replace(inspected, fingerprint=fingerprint, converted=converted)


def _inspect_accepted(content: bytes, limits: Limits, *, small_copy: bool) -> InspectedFile:
    hasher, copies, judgements = Hasher(), list[SmallCopy](), set[Judgement]()
    copied = small_copy and sniff.media_type(content).startswith("image/")

    def on_image(image: Image.Image) -> None:
        judgements.add(_judge_picture(image, limits))
        if Judgement.EXPLICIT in judgements:
            raise Explicit
        hasher.add(image)
        if copied:
            copies.append(encode(image))

    media = inspect(content, limits, on_image)
    return InspectedFile(
        media,
        hasher.fingerprint(content),
        copies[0] if copies else None,
        doubtful=Judgement.DOUBTFUL in judgements,
    )


def judge(content: bytes, limits: Limits) -> Judgement:
    """Let the safety gate judge a file by its pictures; raises the errors of `inspect`."""
    found: list[Judgement] = []
    inspect(content, limits, lambda image: found.append(_judge_picture(image, limits)))
    return max(found, key=_SEVERITY.index, default=Judgement.UNJUDGED)


def _judge_picture(image: Image.Image, limits: Limits) -> Judgement:
    if limits.explicit is None:
        return Judgement.SAFE
    from bot.media.safety_gate import gate  # noqa: PLC0415 - a worker without the gate needs no numpy

    return gate.judge(image, limits.explicit, limits.doubtful)


def fingerprint_of(content: bytes, limits: Limits) -> Fingerprint:
    """Fingerprint of any file; one that is no readable picture or video has no difference hashes."""
    hasher = Hasher()
    with suppress(UnusableMedia):
        inspect(content, limits, hasher.add)
    return hasher.fingerprint(content)
