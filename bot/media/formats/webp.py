"""WebP files as chunks."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from bot.media.formats.header import AnimationHeader, PictureHeader, exif_orientation, shown_for
from bot.media.types import Animated, Damaged, Truncated

MEDIA_TYPE = "image/webp"

_ANIMATION_FLAG, _XMP_FLAG, _ALPHA_FLAG, _ICC_FLAG = 0x02, 0x04, 0x10, 0x20
_MAX_CHUNKS = 10_000


class Chunk(NamedTuple):
    """Chunk of a WebP; `end` includes the byte that pads to an even length."""

    name: bytes
    start: int
    end: int
    data: memoryview


def chunks(content: bytes) -> Iterator[Chunk]:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise Damaged(MEDIA_TYPE)
    limit = 8 + int.from_bytes(content[4:8], "little")
    if limit > len(content):
        raise Truncated(MEDIA_TYPE)
    view = memoryview(content)
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > limit:
            return
        name, length = struct.unpack_from("<4sI", content, at)
        if at + 8 + length > limit:
            raise Damaged(MEDIA_TYPE)
        # Some encoders leave out the last padding.
        end = min(at + 8 + length + length % 2, limit)
        yield Chunk(name, at, end, view[at + 8 : at + 8 + length])
        at = end
    raise Damaged(MEDIA_TYPE)


def read_header(content: bytes) -> PictureHeader:
    size: tuple[int, int] | None = None
    canvas: tuple[int, int] | None = None
    kept: list[bytes] = []
    orientation: int | None = None
    frames = 0
    for chunk in chunks(content):
        match chunk.name:
            case b"VP8 " | b"VP8L" if size is None:
                size, _ = _size_and_alpha(chunk)
                kept.append(_chunk(chunk.name, chunk.data))
            case b"VP8X":
                canvas = _canvas(chunk)
                flags = chunk.data[0] & (_ALPHA_FLAG | _ICC_FLAG)
                kept.append(_chunk(b"VP8X", bytes([flags]) + chunk.data[1:10]))
            case b"ALPH" | b"ICCP":
                kept.append(_chunk(chunk.name, chunk.data))
            case b"EXIF" if orientation is None:
                orientation = exif_orientation(bytes(chunk.data))
            case b"ANMF":
                frames += 1
            case _:
                pass
    if frames:
        raise Animated(MEDIA_TYPE)
    if size is None or canvas not in {None, size}:
        raise Damaged(MEDIA_TYPE)
    return PictureHeader(*size, orientation or 1, _riff(kept))


def read_animation(content: bytes) -> AnimationHeader:
    width = height = loops = 0
    delays: list[float] = []
    kept: list[bytes] = []
    for chunk in chunks(content):
        data = chunk.data
        match chunk.name:
            case b"VP8X":
                width, height = _canvas(chunk)
                flags = data[0] & (_ANIMATION_FLAG | _ALPHA_FLAG)
                kept.append(_chunk(b"VP8X", bytes([flags]) + data[1:10]))
            case b"ANIM" if len(data) >= 6:  # noqa: PLR2004 - background and loops
                (loops,) = struct.unpack_from("<H", data, 4)
                kept.append(_chunk(chunk.name, data))
            case b"ANMF" if len(data) >= 16:  # noqa: PLR2004 - the frame's own header
                delays.append(shown_for(int.from_bytes(data[12:15], "little") / 1000))
                kept.append(_chunk(chunk.name, data))
            case _:
                pass
    if not width or not delays:
        raise Damaged(MEDIA_TYPE)
    return AnimationHeader(width, height, tuple(delays), loops, _riff(kept))


def read_xmp(content: bytes) -> bytes | None:
    for chunk in chunks(content):
        if chunk.name == b"XMP ":
            return bytes(chunk.data)
    return None


def with_xmp(content: bytes, packet: bytes) -> bytes:
    """Replace any XMP by this packet; a file in the simple layout becomes one in the extended layout."""
    kept = [chunk for chunk in chunks(content) if chunk.name != b"XMP "]
    if not kept:
        raise Damaged(MEDIA_TYPE)
    head, *rest = kept
    if head.name == b"VP8X":
        _canvas(head)
        extended = bytes([head.data[0] | _XMP_FLAG]) + head.data[1:]
    else:
        (width, height), alpha = _size_and_alpha(head)
        flags = _XMP_FLAG | (_ALPHA_FLAG if alpha else 0)
        extended = b"".join([struct.pack("<I", flags), _three_bytes(width - 1), _three_bytes(height - 1)])
        rest = kept
    return _riff(
        [_chunk(b"VP8X", extended), *(_chunk(c.name, c.data) for c in rest), _chunk(b"XMP ", packet)]
    )


def _canvas(chunk: Chunk) -> tuple[int, int]:
    if len(chunk.data) < 10:  # noqa: PLR2004 - flags and two sizes
        raise Damaged(MEDIA_TYPE)
    return 1 + int.from_bytes(chunk.data[4:7], "little"), 1 + int.from_bytes(chunk.data[7:10], "little")


def _size_and_alpha(chunk: Chunk) -> tuple[tuple[int, int], bool]:
    data = bytes(chunk.data[:10])
    if chunk.name == b"VP8 " and data[3:6] == b"\x9d\x01\x2a" and len(data) == 10:  # noqa: PLR2004
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 6))
        if width and height:
            return (width, height), False
    if chunk.name == b"VP8L" and data[:1] == b"\x2f" and len(data) >= 5:  # noqa: PLR2004
        bits = int.from_bytes(data[1:5], "little")
        return (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)), bool(bits >> 28 & 1)
    raise Damaged(MEDIA_TYPE)


def _three_bytes(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(name: bytes, data: bytes | memoryview) -> bytes:
    return b"".join([name, struct.pack("<I", len(data)), data, b"\0" * (len(data) % 2)])


def _riff(parts: list[bytes]) -> bytes:
    body = b"".join([b"WEBP", *parts])
    return b"RIFF" + struct.pack("<I", len(body)) + body
