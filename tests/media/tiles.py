"""HEIC whose picture consists of tiles, as iPhones write it, made from a HEIC of one piece."""

import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, kind) + content


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def side_by_side(heic: bytes) -> bytes:
    """The coded picture of a HEIC twice, as the two tiles of a grid of one row."""
    hvcc = _boxes_of(heic, b"hvcC")[0]
    ispe = _boxes_of(heic, b"ispe")[0]
    width, height = struct.unpack(">II", ispe[12:20])
    data = _boxes_of(heic, b"mdat")[0][8:]
    # The picture is one unit with its length, and the metadata comes after it.
    (length,) = struct.unpack(">I", data[:4])
    coded = data[: length + 4]
    grid = struct.pack(">BBBBHH", 0, 0, 0, 1, 2 * width, height)
    names = [
        full(b"infe", 2, hidden, struct.pack(">HH4sx", number, 0, kind))
        for number, kind, hidden in ((1, b"hvc1", 1), (2, b"hvc1", 1), (3, b"grid", 0))
    ]
    ispe_grid = full(b"ispe", 0, 0, struct.pack(">II", 2 * width, height))
    linked = struct.pack(">I", 3) + b"".join(
        struct.pack(">HB", number, len(links)) + bytes(links)
        for number, links in ((1, (0x81, 2)), (2, (0x81, 2)), (3, (3,)))
    )

    def meta(offset: int) -> bytes:
        places = struct.pack(">BBH", 0x44, 0x00, 3)
        for number, method, start, size in (
            (1, 0, offset, len(coded)),
            (2, 0, offset, len(coded)),
            (3, 1, 0, 8),
        ):
            places += struct.pack(">HHHHII", number, method, 0, 1, start, size)
        return full(
            b"meta",
            0,
            0,
            full(b"hdlr", 0, 0, struct.pack(">I4s12xx", 0, b"pict")),
            full(b"pitm", 0, 0, struct.pack(">H", 3)),
            full(b"iloc", 1, 0, places),
            full(b"iinf", 0, 0, struct.pack(">H", 3), *names),
            full(b"iref", 0, 0, box(b"dimg", struct.pack(">HHHH", 3, 2, 1, 2))),
            box(b"iprp", box(b"ipco", hvcc, ispe, ispe_grid), full(b"ipma", 0, 0, linked)),
            box(b"idat", grid),
        )

    start = box(b"ftyp", b"heic", bytes(4), b"mif1", b"heic")
    offset = len(start) + len(meta(0)) + 8
    return start + meta(offset) + box(b"mdat", coded)


def _boxes_of(content: bytes, kind: bytes) -> list[bytes]:
    found: list[bytes] = []
    at = content.find(kind)
    while at >= 0:
        (size,) = struct.unpack(">I", content[at - 4 : at])
        found.append(content[at - 4 : at - 4 + size])
        at = content.find(kind, at + 4)
    return found
