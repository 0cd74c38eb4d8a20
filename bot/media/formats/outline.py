"""What is known of a still picture before it is decoded."""

import struct
from typing import NamedTuple

_ORIENTATION = 0x0112
_MOST_ENTRIES = 1000


class Outline(NamedTuple):
    """`bare` is the same picture with nothing but what carries its pixels.

    Decoding that alone keeps hostile metadata (and Pillow's warnings about it) out of the way.
    """

    width: int
    height: int
    turned: bool
    bare: bytes


def turned(exif: bytes) -> bool:
    """Whether the EXIF orientation exchanges width and height."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return False
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(min(entries, _MOST_ENTRIES)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return 5 <= value <= 8  # noqa: PLR2004 - the four that turn by 90 degrees
    except struct.error:
        pass
    return False
