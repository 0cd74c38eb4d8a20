"""PNG files as chunks."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from bot.media.formats.header import AnimationHeader, PictureHeader, exif_orientation, shown_for
from bot.media.types import Animated, Damaged, Truncated

MEDIA_TYPE = "image/png"
SIGNATURE = b"\x89PNG\r\n\x1a\n"

_NEEDED_TO_DECODE = {b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"IDAT"}
_NEEDED_TO_ANIMATE = _NEEDED_TO_DECODE | {b"acTL", b"fcTL", b"fdAT", b"IEND"}
_XMP = b"XML:com.adobe.xmp\0"
_MAX_XMP = 1024 * 1024
# An encoder writes thousands of chunks at most; a hostile file can hold millions of empty ones.
_MAX_CHUNKS = 100_000


class Chunk(NamedTuple):
    """Chunk of a PNG; `start` and `end` include its length field and its checksum."""

    name: bytes
    start: int
    end: int
    data: memoryview


def chunks(content: bytes) -> Iterator[Chunk]:
    """Yield all chunks up to IEND; raise `Damaged` at the first invalid one."""
    if not content.startswith(SIGNATURE):
        raise Damaged(MEDIA_TYPE)
    view = memoryview(content)
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(content):
            raise Truncated(MEDIA_TYPE)
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if not name.isalpha():
            raise Damaged(MEDIA_TYPE)
        if end > len(content):
            raise Truncated(MEDIA_TYPE)
        yield Chunk(name, at, end, view[at + 8 : end - 4])
        if name == b"IEND":
            return
        at = end
    raise Damaged(MEDIA_TYPE)


def read_header(content: bytes) -> PictureHeader:
    header = b""
    colours: list[bytes] = []
    pixels: list[memoryview] = []
    orientation: int | None = None
    for chunk in chunks(content):
        if chunk.name in _NEEDED_TO_DECODE and not _is_intact(content, chunk):
            raise Damaged(MEDIA_TYPE)
        match chunk.name:
            case b"IHDR" if not header and len(chunk.data) == 13:  # noqa: PLR2004 - the size in the standard
                header = bytes(chunk.data)
            case b"PLTE" | b"tRNS" | b"iCCP":
                colours.append(_chunk(chunk.name, chunk.data))
            case b"IDAT":
                pixels.append(chunk.data)
            case b"acTL" if int.from_bytes(chunk.data[:4]) > 1:
                raise Animated(MEDIA_TYPE)
            case b"eXIf" if orientation is None:
                orientation = exif_orientation(bytes(chunk.data))
            case _:
                pass
    if not header:
        raise Damaged(MEDIA_TYPE)
    width, height = struct.unpack(">II", header[:8])
    data = _chunk(b"IDAT", b"".join(pixels))
    bare = b"".join([SIGNATURE, _chunk(b"IHDR", header), *colours, data, _chunk(b"IEND", b"")])
    return PictureHeader(width, height, orientation or 1, bare)


def read_animation(content: bytes) -> AnimationHeader:
    width = height = loops = 0
    delays: list[float] = []
    kept: list[bytes] = [SIGNATURE]
    for chunk in chunks(content):
        if chunk.name not in _NEEDED_TO_ANIMATE:
            continue
        if not _is_intact(content, chunk):
            raise Damaged(MEDIA_TYPE)
        kept.append(content[chunk.start : chunk.end])
        match chunk.name:
            case b"IHDR" if not width and len(chunk.data) == 13:  # noqa: PLR2004 - the size in the standard
                width, height = struct.unpack_from(">II", chunk.data)
            case b"acTL" if len(chunk.data) == 8:  # noqa: PLR2004
                (loops,) = struct.unpack_from(">I", chunk.data, 4)
            case b"fcTL" if len(chunk.data) == 26:  # noqa: PLR2004
                shown, parts = struct.unpack_from(">HH", chunk.data, 20)
                # The standard reads no parts as hundredths.
                delays.append(shown_for(shown / (parts or 100)))
            case _:
                pass
    if not width or not delays:
        raise Damaged(MEDIA_TYPE)
    return AnimationHeader(width, height, tuple(delays), loops, b"".join(kept))


def read_xmp(content: bytes) -> bytes | None:
    for chunk in chunks(content):
        if _is_xmp(chunk):
            return _itxt_text(bytes(chunk.data))
    return None


def with_xmp(content: bytes, packet: bytes) -> bytes:
    """Replace any XMP by this packet, placed right behind the header."""
    all_chunks = list(chunks(content))
    if all_chunks[0].name != b"IHDR":
        raise Damaged(MEDIA_TYPE)
    kept = [content[c.start : c.end] for c in all_chunks if not _is_xmp(c)]
    # The four zeros: no compression (flag and method), no language, no translated keyword.
    kept.insert(1, _chunk(b"iTXt", _XMP + b"\0\0\0\0" + packet))
    return b"".join([SIGNATURE, *kept, content[all_chunks[-1].end :]])


def _is_intact(content: bytes, chunk: Chunk) -> bool:
    checksum = zlib.crc32(memoryview(content)[chunk.start + 4 : chunk.end - 4])
    return checksum == int.from_bytes(content[chunk.end - 4 : chunk.end])


def _is_xmp(chunk: Chunk) -> bool:
    return chunk.name == b"iTXt" and chunk.data[: len(_XMP)].tobytes() == _XMP


def _itxt_text(data: bytes) -> bytes:
    compressed = data[len(_XMP) : len(_XMP) + 1] == b"\1"
    *_, packet = data[len(_XMP) + 2 :].split(b"\0", 2)
    if not compressed:
        return packet
    try:
        return zlib.decompressobj().decompress(packet, _MAX_XMP)
    except zlib.error:
        return b""


def _chunk(name: bytes, data: bytes | memoryview) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return b"".join([struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)])
