"""GIF files as blocks."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from bot.media.formats.header import AnimationHeader, shown_for
from bot.media.types import Damaged, Truncated

MEDIA_TYPE = "image/gif"

_HEADER_BYTES = 13
_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_XMP = b"XMP DataXMP"
# XMP is no chain of sub-blocks. Behind it, these bytes lead any reader of sub-blocks to the end of the block.
_XMP_END = b"\1" + bytes(range(255, -1, -1)) + b"\0"
_MAX_BLOCKS = 100_000


class Block(NamedTuple):
    """Block of a GIF behind its header: an extension or a frame."""

    kind: int
    """Label of the extension, or the marker of a frame."""
    start: int
    end: int
    name: bytes = b""
    """Name of an application extension."""


def blocks(content: bytes) -> Iterator[Block]:
    """Yield all blocks up to the trailer; raise `Damaged` at the first invalid one."""
    at, count = _first_block(content), 0
    try:
        # Some encoders leave out the trailer.
        while at < len(content) and content[at] != _TRAILER:
            kind, name, count = content[at], b"", count + 1
            if count > _MAX_BLOCKS:
                raise Damaged(MEDIA_TYPE)
            if kind == _EXTENSION:
                kind = content[at + 1]
                if kind == _APPLICATION:
                    name = content[at + 3 : at + 3 + content[at + 2]]
                end = _behind_sub_blocks(content, at + 2)
            elif kind == _IMAGE:
                end = _behind_sub_blocks(content, at + 11 + _table_bytes(content[at + 9]))
            else:
                raise Damaged(MEDIA_TYPE)
            yield Block(kind, at, end, name)
            at = end
    except IndexError:
        raise Truncated(MEDIA_TYPE) from None


def read_animation(content: bytes) -> AnimationHeader:
    """Read the size of all frames together, their delays, and how often they are repeated."""
    width, height = struct.unpack_from("<HH", content[:_HEADER_BYTES].ljust(_HEADER_BYTES, b"\0"), 6)
    loops, delay = 1, 0
    delays: list[float] = []
    kept: list[bytes] = []
    for block in blocks(content):
        data = content[block.start : block.end]
        if block.kind == _GRAPHIC_CONTROL and len(data) >= 8:  # noqa: PLR2004 - its size in the standard
            (delay,) = struct.unpack_from("<H", data, 4)
        elif block.kind == _IMAGE:
            left, top, wide, high = struct.unpack_from("<HHHH", data, 1)
            width, height = max(width, left + wide), max(height, top + high)
            delays.append(shown_for(delay / 100))
            delay = 0
        elif block.name in _LOOPS and len(data) >= 19:  # noqa: PLR2004 - its size in all encoders
            (repeats,) = struct.unpack_from("<H", data, 16)
            # The number counts the repetitions, so a GIF with 1 is shown twice.
            loops = repeats + 1 if repeats else 0
            continue
        else:
            continue
        kept.append(data)
    if not delays:
        raise Damaged(MEDIA_TYPE)
    stripped = b"".join([content[: _first_block(content)], *kept, bytes([_TRAILER])])
    return AnimationHeader(width, height, tuple(delays), loops, stripped)


def read_xmp(content: bytes) -> bytes | None:
    for block in blocks(content):
        if block.name == _XMP:
            return content[block.start + 14 : block.end - len(_XMP_END)]
    return None


def with_xmp(content: bytes, packet: bytes) -> bytes:
    """Replace any XMP by this packet, placed before the first block."""
    all_blocks = list(blocks(content))
    if not all_blocks:
        raise Damaged(MEDIA_TYPE)
    start = _first_block(content)
    extension = bytes([_EXTENSION, _APPLICATION, len(_XMP)]) + _XMP + packet + _XMP_END
    kept = [content[each.start : each.end] for each in all_blocks if each.name != _XMP]
    # Only GIF89a has extensions.
    return b"".join([b"GIF89a", content[6:start], extension, *kept, content[all_blocks[-1].end :]])


def _first_block(content: bytes) -> int:
    if len(content) < _HEADER_BYTES:
        raise Truncated(MEDIA_TYPE)
    return _HEADER_BYTES + _table_bytes(content[10])


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind_sub_blocks(content: bytes, at: int) -> int:
    while length := content[at]:
        at += 1 + length
    return at + 1
