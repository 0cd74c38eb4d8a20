"""Headers of pictures and animations, read before decoding."""

import struct
from typing import NamedTuple

_ORIENTATION = 0x0112
_FIRST, _FIRST_SIDEWAYS, _LAST = 1, 5, 8
_MAX_ENTRIES = 1000
# Browsers show frames that declare less than two hundredths of a second for ten.
_LEAST_DELAY, _USUAL_DELAY = 0.02, 0.1


class PictureHeader(NamedTuple):
    """Header of a picture: width and height as stored, and EXIF's orientation from 1 to 8.

    `stripped` is the same picture with only its pixels and their colour profile. Decoding this one keeps
    hostile metadata (and Pillow's warnings about it) away from the decoder.
    """

    width: int
    height: int
    orientation: int
    stripped: bytes

    @property
    def display_size(self) -> tuple[int, int]:
        return (self.height, self.width) if self.orientation >= _FIRST_SIDEWAYS else (self.width, self.height)


class AnimationHeader(NamedTuple):
    """Header of a picture with one or more frames.

    `stripped` is the same animation with only its pixels and their timing, for the same reason as in
    `PictureHeader`.
    """

    width: int
    height: int
    delays: tuple[float, ...]
    """Seconds for which each frame is shown."""
    loops: int
    """Number of times that the animation is shown; 0 for ever."""
    stripped: bytes


def exif_orientation(exif: bytes) -> int:
    """EXIF's orientation, or 1 (upright) if there is none."""
    tiff = exif.removeprefix(b"Exif\0\0")
    byte_order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if byte_order is None:
        return _FIRST
    try:
        (start,) = struct.unpack_from(byte_order + "I", tiff, 4)
        (entries,) = struct.unpack_from(byte_order + "H", tiff, start)
        for entry in range(min(entries, _MAX_ENTRIES)):
            tag, _, _, value = struct.unpack_from(byte_order + "HHIH", tiff, start + 2 + 12 * entry)
            if tag == _ORIENTATION:
                return value if _FIRST <= value <= _LAST else _FIRST
    except struct.error:
        pass
    return _FIRST


def shown_for(declared: float) -> float:
    """Duration for which browsers show a frame that declares this many seconds."""
    return declared if declared >= _LEAST_DELAY else _USUAL_DELAY
