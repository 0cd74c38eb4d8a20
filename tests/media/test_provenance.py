"""The mark that a result was made with AI."""

import struct
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from xml.etree import ElementTree as ET

import av
import pytest
from PIL import Image, PngImagePlugin

from bot.media.marks.provenance import DIGITAL_SOURCE_TYPE, mark
from bot.media.probe import inspect
from bot.media.types import Limits
from tests.media import files
from tests.media.marks import is_marked


def lossless(mode: str = "RGB") -> bytes:
    return files.saved(files.noise(mode=mode), "WEBP", lossless=True)


PICTURES = [
    ("image/png", partial(files.picture, "PNG")),
    ("image/png", partial(files.picture, "PNG", mode="RGBA")),
    ("image/png", partial(files.with_orientation, "PNG", 6)),
    ("image/png", partial(files.animated, "PNG")),
    ("image/jpeg", partial(files.picture, "JPEG")),
    ("image/jpeg", partial(files.with_orientation, "JPEG", 6)),
    ("image/webp", partial(files.picture, "WEBP")),
    ("image/webp", partial(files.picture, "WEBP", mode="RGBA")),
    ("image/webp", partial(lossless, "RGBA")),
    ("image/webp", lossless),
    ("image/webp", partial(files.with_orientation, "WEBP", 6)),
    ("image/webp", partial(files.animated, "WEBP")),
]
VIDEOS = [
    ("video/mp4", partial(files.video, sound="aac")),
    ("video/mp4", partial(files.video, muxer=files.FRONT)),
    ("video/mp4", partial(files.video, muxer=files.FRAGMENTS)),
    ("video/quicktime", partial(files.video, "mov")),
]
MARKABLE = [*PICTURES, *VIDEOS]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
OTHER_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'


def frames(content: bytes) -> list[bytes]:
    with av.open(BytesIO(content), "r") as file:
        return [bytes(plane) for frame in file.decode(video=0) for plane in frame.planes]


@pytest.mark.parametrize(("media_type", "make"), PICTURES)
def test_a_marked_picture_has_the_same_pixels_and_the_mark(
    media_type: str, make: Callable[[], bytes]
) -> None:
    content = make()
    with Image.open(BytesIO(content)) as before, Image.open(BytesIO(mark(content, media_type))) as after:
        assert before.mode == after.mode
        assert before.tobytes() == after.tobytes()
        assert before.getexif() == after.getexif()
        assert DIGITAL_SOURCE_TYPE.encode() in _xmp(after)


@pytest.mark.parametrize(("media_type", "make"), VIDEOS)
def test_a_marked_video_has_the_same_frames(media_type: str, make: Callable[[], bytes]) -> None:
    content = make()
    marked = mark(content, media_type)
    assert frames(marked) == frames(content)
    assert inspect(marked, Limits()).seconds == inspect(content, Limits()).seconds
    assert DIGITAL_SOURCE_TYPE.encode() in marked


@pytest.mark.parametrize(("media_type", "make"), MARKABLE)
def test_marking_twice_changes_nothing(media_type: str, make: Callable[[], bytes]) -> None:
    content = make()
    marked = mark(content, media_type)
    assert not is_marked(content)
    assert is_marked(marked)
    assert mark(marked, media_type) is marked


def test_the_mark_is_xmp_that_others_can_read() -> None:
    with Image.open(BytesIO(mark(files.picture("PNG"), "image/png"))) as image:
        description = ET.fromstring(_xmp(image)).find(f".//{RDF}Description")
    assert description is not None
    assert description.get(f"{IPTC}DigitalSourceType") == DIGITAL_SOURCE_TYPE


@pytest.mark.parametrize(("plugin", "media_type"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_the_mark_replaces_another_packet(plugin: str, media_type: str) -> None:
    content = files.saved(files.noise(), plugin, xmp=OTHER_XMP)
    marked = mark(content, media_type)
    assert OTHER_XMP in content
    assert OTHER_XMP not in marked
    assert is_marked(marked)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_mark_replaces_another_packet_in_a_png(*, compressed: bool) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", OTHER_XMP.decode(), zip=compressed)
    text.add_itxt("Title", "a picture")
    marked = mark(files.saved(files.noise(), "PNG", pnginfo=text), "image/png")
    assert marked.count(b"XML:com.adobe.xmp") == 1
    assert b"a picture" in marked
    assert is_marked(marked)


def test_a_mark_compressed_by_another_tool_counts() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", f"<x {DIGITAL_SOURCE_TYPE} x>", zip=True)
    content = files.saved(files.noise(), "PNG", pnginfo=text)
    assert mark(content, "image/png") is content


def test_a_packet_that_does_not_decompress_is_replaced() -> None:
    content = files.picture("PNG")
    at = content.index(b"IDAT") - 4
    broken = files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0not compressed")
    marked = mark(content[:at] + broken + content[at:], "image/png")
    assert b"not compressed" not in marked
    assert is_marked(marked)


def test_only_the_beginning_of_a_huge_packet_is_decompressed() -> None:
    content = files.picture("PNG")
    at = content.index(b"IDAT") - 4
    compressed = zlib.compress(bytes(50_000_000) + DIGITAL_SOURCE_TYPE.encode())
    bomb = content[:at] + files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + compressed) + content[at:]
    assert not is_marked(bomb)


def test_an_extended_packet_is_removed_with_its_first_part() -> None:
    content = files.saved(files.noise(), "JPEG", xmp=OTHER_XMP)
    part = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40
    at = content.index(b"\xff\xdb")
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(part)) + part
    assert part not in mark(content[:at] + segment + content[at:], "image/jpeg")


def test_an_old_packet_in_a_video_becomes_free_space() -> None:
    old_packet = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + OTHER_XMP
    content = files.video() + struct.pack(">I", 8 + len(old_packet)) + b"uuid" + old_packet
    marked = mark(content, "video/mp4")
    assert is_marked(marked)
    assert [name for name, _, _ in files.boxes(marked)][-2:] == [b"free", b"uuid"]
    assert frames(marked) == frames(content)


def test_an_open_ended_last_box_gets_a_size() -> None:
    content = files.video(muxer=files.FRONT)
    name, start, _ = files.boxes(content)[-1]
    assert name == b"mdat"
    marked = mark(content[:start] + bytes(4) + content[start + 4 :], "video/mp4")
    assert is_marked(marked)
    assert marked[: len(content)] == content


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", b""),
        ("image/png", b"hello"),
        ("image/png", files.picture("JPEG")),
        ("image/png", files.picture("PNG")[:-5]),
        ("image/png", b"\x89PNG\r\n\x1a\n" + files.png_chunk(b"IEND", b"")),
        ("image/jpeg", files.picture("PNG")),
        ("image/jpeg", files.picture("JPEG")[:-5]),
        ("image/webp", b"RIFF\4\0\0\0WEBP"),
        ("image/webp", b"RIFF\x0c\0\0\0WEBPJUNK\0\0\0\0"),
        ("image/webp", files.picture("WEBP")[:-5]),
        ("image/webp", files.patched(files.picture("WEBP"), b"VP8 ", 10, bytes(4))),
        ("video/mp4", b"hello"),
        ("video/mp4", files.video() + b"abc"),
        ("video/mp4", files.video()[:-5]),
        ("video/webm", files.video("webm", "libvpx")),
        ("image/gif", files.picture("GIF")[:-30]),
    ],
)
def test_a_file_that_cannot_be_marked_is_unchanged(media_type: str, content: bytes) -> None:
    assert mark(content, media_type) is content
    assert not is_marked(content)


def _xmp(image: Image.Image) -> bytes:
    xmp = image.info["xmp"]
    return xmp if isinstance(xmp, bytes) else str(xmp).encode()
