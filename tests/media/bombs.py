"""Small files that cost a careless decoder much time or memory, one or more of each kind."""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

import av
from PIL import Image

from tests.media import files
from tests.media.tiles import box, full, side_by_side

MIB = 2**20
PHONE = Path(__file__).with_name("phone.heic")
# Transparent, 6100 by 4096, in a kilobyte that takes seconds to encode.
LARGEST_AVIF = Path(__file__).with_name("largest.avif")


def nested_tables(mib: int = 1) -> bytes:
    """Tables within tables, each of which seems to be as long as all that follows."""
    entry = (16).to_bytes(4) + b"stts" + bytes(4) + (0x0FFFFFFF).to_bytes(4)
    nested = entry * (mib * MIB // len(entry))
    return files.video() + (8 + len(nested)).to_bytes(4) + b"free" + nested


def growing_webm() -> bytes:
    """The header and the first frame are small, and the second one declares 14,000 x 14,000."""
    content = bytearray(files.video("webm", "libvpx", frames=2, key_frames=True))
    size = content.rindex(b"\x9d\x01\x2a") + 3
    content[size : size + 4] = struct.pack("<HH", 14_000, 14_000)
    return bytes(content)


def webm_with_tags(count: int = 40_000) -> bytes:
    """Video that a decoder opens in a time that grows with the square of the number of its tags."""

    def element(number: str, content: bytes) -> bytes:
        return bytes.fromhex(number) + (len(content) | 1 << 56).to_bytes(8) + content

    before, segment, after = files.video("webm", "libvpx").partition(bytes.fromhex("18538067"))
    named = (element("45a3", b"%05d" % n) + element("4487", b"x") for n in range(count))
    tags = element("1254c367", element("7373", b"".join(element("67c8", tag) for tag in named)))
    # The segment's size becomes unknown, because it now has more in it.
    return before + segment + b"\x01" + b"\xff" * 7 + tags + after[8:]


def jpeg_of_segments(count: int = 2_500_000) -> bytes:
    content = files.picture("JPEG")
    return content[:2] + b"\xff\xe1\0\2" * count + content[2:]


def one_box(name: bytes, mib: int = 18) -> bytes:
    """MP4 that is one box, apart from its beginning."""
    return box(b"ftyp", b"isom", bytes(4), b"isom") + box(name, bytes(mib * MIB))


@cache
def largest_turned_png() -> bytes:
    """A transparent picture as large as allowed, which its metadata turns, so that it is in memory twice."""
    width, height, strips = 8192, 6100, 100
    exif = Image.Exif()
    exif[0x0112] = 6
    size = (1 + 4 * width) * height
    packer = zlib.compressobj(1, wbits=-15)
    # No strip refers to the one before it, so one that is packed once is all of them.
    strip = packer.compress(bytes(size // strips)) + packer.flush(zlib.Z_FULL_FLUSH)
    # Adler-32 of zeros.
    checksum = struct.pack(">HH", size % 65_521, 1)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0),
        b"eXIf": exif.tobytes()[6:],
        b"IDAT": b"\x78\x01" + strip * strips + b"\x03\x00" + checksum,
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(files.png_chunk(*chunk) for chunk in chunks.items())


def still_frames(plugin: str, width: int = 1000, height: int = 1000, *, count: int = 20) -> bytes:
    """Animation of frames that cost little space, and the whole canvas to decode."""
    # In grey, a GIF needs no search for its colours.
    mode = "L" if plugin == "GIF" else "RGB"
    frames = [Image.new(mode, (width, height), ("red", "blue")[number % 2]) for number in range(count)]
    return files.saved(
        frames[0], plugin, save_all=True, append_images=frames[1:], duration=40, compress_level=1
    )


def gif_of_one_large_canvas() -> bytes:
    """A canvas of 65,535 x 65,535 with thousands of small frames."""
    content = files.animated("GIF")
    return content[:6] + struct.pack("<HH", 65_535, 65_535) + content[10:]


def apng_of_empty_frames(count: int = 200_000) -> bytes:
    content = files.animated("PNG")
    at = content.index(b"IDAT") - 4
    control = struct.pack(">IIIIIHHBB", 0, 64, 48, 0, 0, 1, 100, 0, 0)
    return content[:at] + files.png_chunk(b"fcTL", control) * count + content[at:]


def png_with_compressed_text() -> bytes:
    """Texts that decompress to a thousand times their size."""
    content = files.picture("PNG")
    at = content.index(b"IDAT") - 4
    text = files.png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50 * MIB), 9))
    return content[:at] + text * 50 + content[at:]


@cache
def heic_of_large_tiles(width: int = 4096, height: int = 2304) -> bytes:
    """A small picture by its header, in tiles that are a hundred times larger than they say."""
    hvcc, coded = _one_hevc_frame(width, height)
    small = full(b"ispe", 0, 0, struct.pack(">II", 96, 72))
    return side_by_side(hvcc + small + box(b"mdat", coded))


@cache
def lying_avif(width: int = 8192, height: int = 6144) -> bytes:
    """A small picture by its header, and as large as possible in its stream."""
    content = files.saved(Image.new("RGB", (width, height)), "AVIF", speed=10)
    return files.patched(content, b"ispe", 4, struct.pack(">II", 96, 72))


def polyglots() -> dict[str, bytes]:
    """Files that are something else to another program."""
    png, jpeg, mp4 = files.picture("PNG"), files.picture("JPEG"), files.video()
    return {
        "png and mp4": png + mp4,
        "mp4 and png": mp4 + png,
        "jpeg and page": jpeg[:2] + b"\xff\xfe\0\x22<script>alert(document)</script>" + jpeg[2:],
        "page and jpeg": b"<!doctype html><script>1</script>" + jpeg,
        "gif and script": b"GIF89a/*" + jpeg + b"*/=1;",
        "png and archive": png + b"PK\x03\x04" + bytes(100),
    }


def truncated() -> dict[str, bytes]:
    whole = {
        "png": files.picture("PNG", 1000, 1000),
        "jpeg": files.picture("JPEG", 1000, 1000),
        "mp4": files.video(frames=48),
        "webm": files.video("webm", "libvpx-vp9"),
        "heic": PHONE.read_bytes(),
    }
    return {f"half a {name}": content[: len(content) // 2] for name, content in whole.items()}


def bombs() -> Mapping[str, Callable[[], bytes]]:
    """The files by name, made when they are needed."""
    made: dict[str, Callable[[], bytes]] = {
        "nested tables.mp4": nested_tables,
        "many nested tables.mp4": lambda: nested_tables(18),
        "growing frames.webm": growing_webm,
        "tags.webm": webm_with_tags,
        "segments.jpg": jpeg_of_segments,
        "one box.mp4": lambda: one_box(b"mdat"),
        "one table.mp4": lambda: one_box(b"moov"),
        "largest turned.png": largest_turned_png,
        "bomb.png": lambda: files.png_bomb(8192, 6100),
        "large bomb.png": files.png_bomb,
        "texts.png": png_with_compressed_text,
        "frames.gif": lambda: still_frames("GIF"),
        "canvas.gif": gif_of_one_large_canvas,
        "frames.png": lambda: still_frames("PNG"),
        "empty frames.png": apng_of_empty_frames,
        "frames.webp": lambda: still_frames("WEBP"),
        "large tiles.heic": heic_of_large_tiles,
        "lying.avif": lying_avif,
        "largest.avif": LARGEST_AVIF.read_bytes,
    }
    for name, content in (polyglots() | truncated()).items():
        made[name] = lambda content=content: content
    return made


def _one_hevc_frame(width: int, height: int) -> tuple[bytes, bytes]:
    """The decoder's settings as a box, and the coded frame with its length."""
    content = files.video("mp4", "libx265", width=width, height=height, frames=1)
    at = content.index(b"hvcC") - 4
    settings = content[at : at + int.from_bytes(content[at : at + 4])]
    with av.open(BytesIO(content), "r") as source:
        coded = next(bytes(packet) for packet in source.demux(video=0) if packet.size)
    return settings, coded
