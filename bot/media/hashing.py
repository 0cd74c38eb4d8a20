"""Computes the fingerprints of files."""

import hashlib

from PIL import Image

from bot.media import picture
from bot.media.fingerprints import Fingerprint

_SIDE = 8
# A plain surface differs from any other only by a few bits of noise, so it gets no hash.
_FEWEST_SET_BITS, _MOST_SET_BITS = 6, 58
# A smaller difference in brightness (of 255) between neighbours is noise.
_NOISE = 2


class Hasher:
    """Collects the difference hashes of the pictures in a file."""

    def __init__(self) -> None:
        # In the order of the pictures, without repetitions.
        self._dhashes: dict[int, None] = {}

    def add(self, image: Image.Image) -> None:
        found = dhash(image)
        if found is not None:
            self._dhashes[found] = None

    def fingerprint(self, content: bytes) -> Fingerprint:
        return Fingerprint(exact_hash(content), tuple(self._dhashes))


def exact_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
