"""MP4 and QuickTime files as boxes."""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from bot.media.types import Damaged, Truncated

_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MAX_BOXES = 50_000
# Media data: the only boxes that no demuxer reads as tables. (It does read free ones.)
_OPAQUE = {b"mdat"}
_FRAGMENTED = {b"moof", b"sidx", b"mfra"}
# Tables that make a demuxer create more entries than the file has bytes: equal sample sizes, samples by time,
# runs of samples, and a compressed table of contents.
_EXPANDING = re.compile(rb"(?=(.{4})(stsz|stz2|stts|ctts|trun|cmov))", re.DOTALL)
_RUNS = {b"stts", b"ctts"}
# A minute of uncompressed sound has three million samples.
_MAX_SAMPLES = 4_000_000


class Box(NamedTuple):
    """Box of a file. Its contents begin at `body`; an `open_ended` one extends to the end of the file."""

    name: bytes
    start: int
    body: int
    end: int
    open_ended: bool


def boxes(content: bytes, found: str) -> Iterator[Box]:
    """Yield the top-level boxes; ignores trailing bytes that are no box, as players do."""
    at = 0
    for _ in range(_MAX_BOXES):
        name = content[at + 4 : at + 8]
        if len(name) < 4 or not _is_name(name):  # noqa: PLR2004 - a name has four bytes
            return
        size, body = int.from_bytes(content[at : at + 4]), at + 8
        if size == 1:
            size, body = int.from_bytes(content[at + 8 : at + 16]), at + 16
        end = at + size if size else len(content)
        if end < body:
            raise Damaged(found)
        if end > len(content):
            raise Truncated(found)
        yield Box(name, at, body, end, open_ended=not size)
        at = end
    raise Damaged(found)


def check(content: bytes, found: str) -> None:
    """Raise if the end is missing, or if the tables would take much more memory than the file."""
    top_boxes = list(boxes(content, found))
    names = {box.name for box in top_boxes}
    if b"moov" not in names or not names & {b"mdat", b"moof"}:
        raise Truncated(found)
    # An index of fragments may point anywhere, so a demuxer may read all of such a file as tables.
    tables = (
        [(0, len(content))]
        if names & _FRAGMENTED
        else [(box.start, box.end) for box in top_boxes if box.name not in _OPAQUE]
    )
    samples: dict[bytes, int] = {}
    # Tables within each other are no tables, and would be counted again and again.
    bytes_left = len(content)
    for start, end in tables:
        for match in _EXPANDING.finditer(content, start, end):
            # In other data, the bytes before these letters rarely are a possible size.
            if (size := int.from_bytes(match[1])) <= len(content):
                # A size of 1 means that a longer size field follows.
                body = match.start() + (16 if size == 1 else 8)
                entries = _run_lengths(content, body, end) if match[2] in _RUNS else b""
                bytes_left -= len(entries)
                if bytes_left < 0:
                    raise Damaged(found)
                count = _count_samples(content, body, match[2], entries)
                samples[match[2]] = samples.get(match[2], 0) + count
    if b"cmov" in samples or max(samples.values(), default=0) > _MAX_SAMPLES:
        raise Damaged(found)


def read_xmp(content: bytes, found: str) -> bytes | None:
    for box in boxes(content, found):
        if _is_xmp(content, box):
            return content[box.body + len(_XMP_UUID) : box.end]
    return None


def with_xmp(content: bytes, packet: bytes, found: str) -> bytes:
    """Append this packet as a box.

    No box may move, because the tables hold offsets into the file: an older packet becomes free space.
    """
    top_boxes = list(boxes(content, found))
    if not top_boxes or top_boxes[-1].end != len(content):
        raise Damaged(found)
    patched = bytearray(content)
    for box in top_boxes:
        if _is_xmp(content, box):
            patched[box.start + 4 : box.start + 8] = b"free"
    if top_boxes[-1].open_ended:
        struct.pack_into(">I", patched, top_boxes[-1].start, top_boxes[-1].end - top_boxes[-1].start)
    return bytes(patched) + struct.pack(">I", 8 + len(_XMP_UUID) + len(packet)) + b"uuid" + _XMP_UUID + packet


def _is_name(name: bytes) -> bool:
    return all(0x20 <= letter < 0x7F or letter == 0xA9 for letter in name)  # noqa: PLR2004 - ASCII and Apple's ©


def _is_xmp(content: bytes, box: Box) -> bool:
    return box.name == b"uuid" and content.startswith(_XMP_UUID, box.body)


def _run_lengths(content: bytes, body: int, end: int) -> bytes:
    """The entries of a table of runs of samples, each a count and a value."""
    entries = min(int.from_bytes(content[body + 4 : body + 8]), max(end - body - 8, 0) // 8)
    return content[body + 8 : body + 8 + 8 * entries]


def _count_samples(content: bytes, body: int, name: bytes, entries: bytes) -> int:
    match name:
        case b"stsz" | b"stz2":
            return int.from_bytes(content[body + 8 : body + 12])
        case b"trun":
            return int.from_bytes(content[body + 4 : body + 8])
        case _:
            return sum(count for count, _ in struct.iter_unpack(">II", entries))
