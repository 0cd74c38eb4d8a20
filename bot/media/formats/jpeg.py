"""JPEG files as segments."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from bot.media.formats.header import PictureHeader, exif_orientation
from bot.media.types import Damaged, Truncated

MEDIA_TYPE = "image/jpeg"

_SOI = b"\xff\xd8"
_SOS, _EOI, _APP0, _APP1, _APP2, _APP14, _APP15, _COM = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
# Start-of-frame markers. DHT, JPG and DAC lie among them.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = b"Exif\0\0"
_ICC_PROFILE = b"ICC_PROFILE\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
# Within the coded pixels, 0xFF precedes a 0 or a restart marker.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")
# A progressive encoder writes about ten scans. A decoder walks over all pixels for each, however short it is.
_MAX_SCANS = 100
# Large metadata takes hundreds of segments; a hostile file can hold millions of empty ones.
_MAX_SEGMENTS = 10_000


class Segment(NamedTuple):
    """Segment of a JPEG. `data` follows the length field; the `end` of a scan includes its coded pixels."""

    marker: int
    start: int
    end: int
    data: memoryview


def segments(content: bytes) -> Iterator[Segment]:
    """Yield all segments between the start and the end of the image."""
    if not content.startswith(_SOI):
        raise Damaged(MEDIA_TYPE)
    view = memoryview(content)
    at = len(_SOI)
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.match(content, at)
        if found is None:
            raise Truncated(MEDIA_TYPE) if at + 1 >= len(content) else Damaged(MEDIA_TYPE)
        marker = found[1][0]
        if marker == _EOI:
            return
        end = _segment_end(content, found.end())
        data = view[found.end() + 2 : end]
        if marker == _SOS:
            next_marker = _MARKER.search(content, end)
            end = next_marker.start() if next_marker else len(content)
        yield Segment(marker, at, end, data)
        at = end
    raise Damaged(MEDIA_TYPE)


def read_header(content: bytes) -> PictureHeader:
    kept: list[memoryview | bytes] = [_SOI]
    sizes: list[tuple[int, int]] = []
    orientation: int | None = None
    scans = 0
    for segment in segments(content):
        if segment.marker in _FRAMES:
            sizes.append(_frame_size(segment))
        elif segment.marker == _SOS:
            scans += 1
        elif orientation is None and _is_exif(segment):
            orientation = exif_orientation(bytes(segment.data))
        if _is_needed_to_decode(segment):
            kept.append(memoryview(content)[segment.start : segment.end])
    # With two frames, one frame's pixels could hide behind the other one's size.
    if len(sizes) != 1 or not 0 < scans <= _MAX_SCANS:
        raise Damaged(MEDIA_TYPE)
    return PictureHeader(*sizes[0], orientation or 1, b"".join([*kept, b"\xff\xd9"]))


def read_xmp(content: bytes) -> bytes | None:
    for segment in segments(content):
        if _is_xmp(segment) and segment.data[: len(_XMP)].tobytes() == _XMP:
            return bytes(segment.data[len(_XMP) :])
    return None


def with_xmp(content: bytes, packet: bytes) -> bytes:
    """Replace any XMP by this packet, placed behind JFIF and EXIF, which must come first."""
    xmp = struct.pack(">BBH", 0xFF, _APP1, 2 + len(_XMP) + len(packet)) + _XMP + packet
    leading: list[bytes] = []
    following: list[bytes] = []
    end = len(_SOI)
    for segment in segments(content):
        end = segment.end
        if _is_xmp(segment):
            continue
        leads = not following and segment.marker in {_APP0, _APP1}
        (leading if leads else following).append(content[segment.start : segment.end])
    return b"".join([_SOI, *leading, xmp, *following, content[end:]])


def _segment_end(content: bytes, at: int) -> int:
    if at + 2 > len(content):
        raise Truncated(MEDIA_TYPE)
    (length,) = struct.unpack_from(">H", content, at)
    if length < 2:  # noqa: PLR2004 - the length counts its own two bytes
        raise Damaged(MEDIA_TYPE)
    if at + length > len(content):
        raise Truncated(MEDIA_TYPE)
    return at + length


def _frame_size(segment: Segment) -> tuple[int, int]:
    if len(segment.data) < 6:  # noqa: PLR2004 - precision, height, width, components
        raise Damaged(MEDIA_TYPE)
    _, height, width = struct.unpack_from(">BHH", segment.data)
    return width, height


def _is_needed_to_decode(segment: Segment) -> bool:
    if segment.marker == _APP2:
        return segment.data[: len(_ICC_PROFILE)].tobytes() == _ICC_PROFILE
    # Adobe's APP14 defines how the colours are coded.
    return segment.marker == _APP14 or not (_APP0 <= segment.marker <= _APP15 or segment.marker == _COM)


def _is_exif(segment: Segment) -> bool:
    return segment.marker == _APP1 and segment.data[: len(_EXIF)].tobytes() == _EXIF


def _is_xmp(segment: Segment) -> bool:
    return segment.marker == _APP1 and segment.data[:40].tobytes().startswith((_XMP, _EXTENDED_XMP))
