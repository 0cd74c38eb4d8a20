"""Operations on files, for `MediaWorker.run`.

The bot imports this module to name an operation, and a worker to perform it. Each function imports what it
needs itself, so the bot never loads a decoder. To add an operation, add a function here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.media.fingerprints import Fingerprint
from bot.media.marks.choice import Marks
from bot.media.types import (
    CannotFit,
    DetectedMark,
    FaceBox,
    Fitted,
    InspectedFile,
    Judgement,
    Limits,
    MarkedResult,
    Media,
)
from bot.media_kind import MediaKind

if TYPE_CHECKING:
    from PIL import Image

    from bot.media.c2pa.keys import SigningKeys


def inspect_upload(
    content: bytes, limits: Limits, *, small_copy: bool, first_frame: bool = False
) -> InspectedFile:
    """Inspect a member's file; raises `Animated` for an animation, unless its first frame is wanted."""
    from bot.media import probe

    return probe.inspect_upload(content, limits, small_copy=small_copy, first_frame=first_frame)


def inspect_animation(content: bytes, limits: Limits) -> InspectedFile:
    """Convert an animation to a video, and inspect that."""
    from bot.media import probe
    from bot.media.animations import to_video

    video, loops = to_video.encode(content, limits)
    return replace(probe.inspect_converted(content, video, limits, small_copy=False), loops=loops)


def fingerprint_of(content: bytes, limits: Limits) -> Fingerprint:
    from bot.media import probe

    return probe.fingerprint_of(content, limits)


def draw_face_numbers(
    source: bytes, faces: Sequence[FaceBox], target: bytes, places: Sequence[FaceBox], *, sheet: bool
) -> bytes:
    """Draw both pictures side by side, with a number on each face; `sheet` says what the source is."""
    from bot.media.face_sheets import numbers

    return numbers.draw(source, faces, target, places, sheet=sheet)


def draw_face_sheet(photos: Sequence[tuple[bytes, Sequence[FaceBox]]]) -> bytes:
    """Draw the faces of separate photos in one row."""
    from bot.media.face_sheets import sheet

    return sheet.draw(photos)


def judge(content: bytes, limits: Limits) -> Judgement:
    """Let the safety gate judge a file; raises `UnusableMedia` for one that it cannot judge."""
    from bot.media import probe

    return probe.judge(content, limits)


def mark_result(content: bytes, limits: Limits, limit: int, marks: Marks) -> MarkedResult:
    """Inspect and mark a result; without its content if that is larger than `limit`, or a video to encode."""
    from bot.media import probe
    from bot.media.marks import pixels, provenance

    media = probe.inspect(content, limits)
    if media.kind is MediaKind.VIDEO:
        marked = None if marks and marks.videos else provenance.mark(content, media.media_type)
        return MarkedResult(media, marked if marked and len(marked) <= limit else None)
    former = provenance.read_xmp(content, media.media_type)
    marked = pixels.mark_picture(content, media.media_type, marks) if marks else content
    marked = provenance.mark(marked, media.media_type, former)
    return MarkedResult(media, marked if len(marked) <= limit else None)


def render_gif(
    content: bytes, media: Media, limit: int, seconds: float, marks: Marks, *, loops: int
) -> Fitted:
    """Mark a video and turn it into a GIF or an animated WebP; raises `CannotFit`."""
    from bot.media import fit
    from bot.media.animations import to_gif
    from bot.media.deadline import Deadline

    deadline = Deadline(seconds)
    if marks and marks.videos:
        # The limit leaves the encoder enough bits for a copy that looks the same.
        marked = fit.fit(content, media, 2 * len(content), deadline, marks)
        content, media = marked.content, replace(media, media_type=marked.media_type)
    return to_gif.render(content, media, limit, loops, deadline)


def fit_result(content: bytes, media: Media, limit: int, seconds: float, marks: Marks) -> Fitted:
    """Mark a result and make it fit; raises `CannotFit`.

    A video that fits but takes too long to encode has only the mark in its metadata.
    """
    from bot.media import fit
    from bot.media.deadline import Deadline
    from bot.media.marks import provenance

    marked = provenance.mark(content, media.media_type)
    try:
        return fit.fit(marked, media, limit, Deadline(seconds), marks)
    except CannotFit:
        if len(marked) > limit:
            raise
        return Fitted(marked, media.media_type, media.suffix)


def sign(content: bytes, media_type: str, keys: "SigningKeys", timestamps: str | None) -> bytes:
    """Sign a result; raises `BadSigningKeys`."""
    from bot.media.c2pa import manifest

    return manifest.sign(content, media_type, keys, timestamps)


def detect_mark(content: bytes, limits: Limits) -> DetectedMark:
    """Read the watermark of a member's file."""
    from bot.media import probe
    from bot.media.hashing import Hasher
    from bot.media.sampling import sample
    from bot.media.watermark.detect import detect_any

    images: list[Image.Image] = []
    hasher = Hasher()

    def on_image(image: "Image.Image") -> None:
        hasher.add(image)
        images.append(image)

    media = probe.inspect(content, limits, on_image)
    samples = [images] if media.kind is MediaKind.PICTURE else sample(content, media.media_type, limits)
    return DetectedMark(detect_any(samples).code, hasher.fingerprint(content))
