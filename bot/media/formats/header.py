"""What is known of a still picture before it is decoded."""

import struct
from typing import NamedTuple

_ORIENTATION = 0x0112
_UPRIGHT, _FIRST_SIDEWAYS, _LAST = 1, 5, 8
_MOST_ENTRIES = 1000


class Outline(NamedTuple):
    """`bare` is the same picture with nothing but its pixels and their colour profile.

    Decoding that alone keeps hostile metadata (and Pillow's warnings about it) out of the way.
    Width and height are as stored; `orientation` is EXIF's number, 1 to 8.
    """

    width: int
    height: int
    orientation: int
    bare: bytes

    @property
    def shown_size(self) -> tuple[int, int]:
        return (self.height, self.width) if self.orientation >= _FIRST_SIDEWAYS else (self.width, self.height)


def orientation(exif: bytes) -> int:
    """EXIF's orientation, 1 where there is none."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return _UPRIGHT
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(min(entries, _MOST_ENTRIES)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if _UPRIGHT <= value <= _LAST else _UPRIGHT
    except struct.error:
        pass
    return _UPRIGHT
