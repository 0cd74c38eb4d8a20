"""Fingerprints of pictures and videos: enough to know a copy again, and nothing to look at."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from PIL import Image

from bot.media import picture, sniff, video
from bot.media.types import UnusableMedia

# So many frames of a video are looked at: those that stand for themselves, from its beginning on.
FRAMES = 8
SIDE = 8
# A plain surface differs from every other by a few bits of noise: it is known by its bytes alone.
_LEAST_SET, _MOST_SET = 6, 58
# What is not at least so much brighter than its neighbour is noise, of 255.
_STEP = 2


@dataclass(frozen=True, slots=True)
class Fingerprint:
    exact: str
    """The SHA-256 of the bytes."""
    looks: tuple[int, ...] = ()
    """What it looks like, in 64 bits a picture; near copies differ in a few of them."""

    def resembles(self, looks: Iterable[int], distance: int) -> bool:
        return any((mine ^ other).bit_count() <= distance for other in looks for mine in self.looks)


def fingerprint_of(content: bytes) -> Fingerprint:
    """Of anything: what is no picture or video is known by its bytes alone."""
    exact = hashlib.sha256(content).hexdigest()
    try:
        found = sniff.media_type(content)
        looks = [dhash(each) for each in _pictures(content, found)]
    except UnusableMedia:
        return Fingerprint(exact)
    return Fingerprint(exact, tuple(dict.fromkeys(look for look in looks if look is not None)))


def dhash(image: Image.Image) -> int | None:
    """Whether each of 64 places is brighter than the one to its right; none of a plain surface."""
    small = picture.eight_bits(image).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    shades = small.tobytes()
    look = 0
    for row in range(SIDE):
        for column in range(SIDE):
            at = row * (SIDE + 1) + column
            look = look << 1 | (shades[at] > shades[at + 1] + _STEP)
    return look if _LEAST_SET <= look.bit_count() <= _MOST_SET else None


def format_hash(look: int) -> str:
    return f"{look:016x}"


def parse_hash(words: str) -> int:
    return int(words, 16)


def _pictures(content: bytes, found: str) -> Iterator[Image.Image]:
    if found.startswith("image/"):
        yield picture.upright(content, found)
        return
    with video.open_video(content, found) as file:
        stream = video.picture_stream(file, found)
        stream.codec_context.skip_frame = "NONKEY"
        for frame in islice(file.decode(stream), FRAMES):
            # PyAV leaves the keywords of this one untyped.
            shown: Image.Image = frame.to_image()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            yield shown
