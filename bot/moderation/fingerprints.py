"""Fingerprints of pictures and videos, which recognise a copy but cannot be turned back into a picture."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from PIL import Image

from bot.media import picture, sniff, video
from bot.media.types import UnusableMedia

# Key frames of a video to hash, from its beginning.
_VIDEO_FRAMES = 8
_SIDE = 8
# A plain surface differs from any other only by a few bits of noise, so it gets no hash.
_FEWEST_SET_BITS, _MOST_SET_BITS = 6, 58
# A smaller difference in brightness (of 255) between neighbours is noise.
_NOISE = 2


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes of a file: one of its bytes, and one of the look of each picture in it."""

    exact: str
    """SHA-256 of the bytes."""
    dhashes: tuple[int, ...] = ()
    """64-bit difference hashes, of which near copies differ in a few bits."""

    def resembles(self, dhashes: Iterable[int], distance: int) -> bool:
        return any((own ^ other).bit_count() <= distance for other in dhashes for own in self.dhashes)


def fingerprint_of(content: bytes) -> Fingerprint:
    """Fingerprint of any file; one that is no readable picture or video has no difference hashes."""
    exact = hashlib.sha256(content).hexdigest()
    try:
        media_type = sniff.media_type(content)
        dhashes = [dhash(image) for image in _pictures(content, media_type)]
    except UnusableMedia:
        return Fingerprint(exact)
    return Fingerprint(exact, tuple(dict.fromkeys(found for found in dhashes if found is not None)))


def dhash(image: Image.Image) -> int | None:
    """Difference hash: a bit for each of 64 places, set if its right neighbour is darker; None if plain."""
    small = picture.eight_bits(image).convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    shades = small.tobytes()
    bits = 0
    for row in range(_SIDE):
        for column in range(_SIDE):
            at = row * (_SIDE + 1) + column
            bits = bits << 1 | (shades[at] > shades[at + 1] + _NOISE)
    return bits if _FEWEST_SET_BITS <= bits.bit_count() <= _MOST_SET_BITS else None


def format_hash(bits: int) -> str:
    return f"{bits:016x}"


def parse_hash(text: str) -> int:
    return int(text, 16)


def _pictures(content: bytes, media_type: str) -> Iterator[Image.Image]:
    if media_type.startswith("image/"):
        yield picture.upright(content, media_type)
        return
    with video.open_video(content, media_type) as file:
        stream = video.picture_stream(file, media_type)
        stream.codec_context.skip_frame = "NONKEY"
        for frame in islice(file.decode(stream), _VIDEO_FRAMES):
            # PyAV does not type the keyword arguments of `to_image`.
            image: Image.Image = frame.to_image()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            yield image
