"""Hostile files: decompression bombs, false headers, and random damage."""

import asyncio
import struct
from collections.abc import Generator
from contextlib import contextmanager, suppress
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.media.deadline import Deadline
from bot.media.fit import fit
from bot.media.marks.provenance import mark
from bot.media.probe import inspect
from bot.media.types import CannotFit, Damaged, Limits, Media, TooManyPixels, UnusableMedia
from bot.media.workers import QUICK_PIXELS, UploadWorkers
from bot.media_kind import MediaKind
from tests.harness import shared_workers
from tests.media import files
from tests.media import operations as calls
from tests.media.bombs import LARGEST_AVIF, largest_turned_png
from tests.media.marks import is_marked
from tests.patience import PATIENCE

LIMITS = Limits()
INTACT = [
    ("image/png", files.picture("PNG")),
    ("image/jpeg", files.picture("JPEG")),
    ("image/jpeg", files.with_orientation("JPEG", 6)),
    ("image/webp", files.picture("WEBP")),
    ("image/webp", files.with_orientation("WEBP", 6)),
    ("video/mp4", files.video(sound="aac")),
    ("video/mp4", files.video(muxer=files.FRAGMENTS)),
    ("video/mp4", files.video(muxer=files.FRONT)),
    ("video/webm", files.video("webm", "libvpx-vp9")),
]
# Hypothesis measures wall-clock time, which includes the time of other programs.
FUZZ = settings(max_examples=100, deadline=None)

A_BYTE = st.integers(0, 255)
# More pixels than are decoded in the worker for small pictures.
LARGE = Image.new("L", (4096, QUICK_PIXELS // 4096 + 1))


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, bytes]:
    """Change some bytes of an intact file, mostly in its structure, and perhaps truncate it."""
    media_type, content = draw(st.sampled_from(INTACT))
    anywhere = st.integers(0, len(content) - 1)
    positions = st.integers(0, 200) | st.integers(len(content) - 1500, len(content) - 1) | anywhere
    changed = bytearray(content)
    for at, value in draw(st.lists(st.tuples(positions, A_BYTE), max_size=8)):
        changed[at] = value
    end = draw(st.just(len(content)) | anywhere)
    return media_type, bytes(changed[:end])


@contextmanager
def cpu_limit(*, seconds: float) -> Generator[None]:
    """Limit the CPU time of this process, which does not include waiting."""
    started = process_time()
    yield
    assert process_time() - started < seconds


def try_inspect(content: bytes) -> Media | None:
    try:
        return inspect(content, LIMITS)
    except UnusableMedia:
        return None


# The first entry of a table of sizes: of samples, and of descriptions of streams.
@pytest.mark.parametrize(("table", "entry", "first_byte"), [(b"stsz", 16, 0x36), (b"stsd", 12, 0xB8)])
def test_a_video_that_declares_a_part_larger_than_itself_is_damaged(
    table: bytes, entry: int, first_byte: int
) -> None:
    content = bytearray(files.video(sound="aac"))
    content[content.index(table) + entry] = first_byte
    with pytest.raises(Damaged):
        inspect(bytes(content), LIMITS)


@FUZZ
@given(broken())
@cpu_limit(seconds=5)
def test_a_broken_file_is_inspected_or_unusable(case: tuple[str, bytes]) -> None:
    try_inspect(case[1])


@FUZZ
@given(st.sampled_from([content[:12] for _, content in INTACT] + [b""]), st.binary(max_size=300))
@cpu_limit(seconds=5)
def test_random_bytes_raise_only_media_errors(beginning: bytes, rest: bytes) -> None:
    try_inspect(beginning + rest)


@FUZZ
@given(broken())
@cpu_limit(seconds=5)
def test_marking_a_broken_file_never_fails(case: tuple[str, bytes]) -> None:
    media_type, content = case
    marked = mark(content, media_type)
    assert marked is content or is_marked(marked, media_type)


@settings(FUZZ, max_examples=40)
@given(broken())
@cpu_limit(seconds=5)
def test_fitting_a_broken_file_succeeds_or_raises_cannot_fit(case: tuple[str, bytes]) -> None:
    media_type, content = case
    kind = MediaKind.PICTURE if media_type.startswith("image") else MediaKind.VIDEO
    media = try_inspect(content) or Media(kind, media_type, "", len(content), 64, 48, 1.0)
    limit = len(content) * 2 // 3
    with suppress(CannotFit):
        assert len(fit(content, media, limit, Deadline(600)).content) <= limit


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1)])
def test_a_picture_that_would_fill_the_memory_is_not_decoded(width: int, height: int) -> None:
    with cpu_limit(seconds=1), pytest.raises(TooManyPixels) as caught:
        inspect(files.png_bomb(width, height), LIMITS)
    assert caught.value.width == width


def test_a_webp_that_would_fill_the_memory_is_not_decoded() -> None:
    chunk = b"VP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", (1 << 28) - 1) + bytes(5)
    bomb = b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
    with pytest.raises(TooManyPixels):
        inspect(bomb, LIMITS)


def test_the_limit_of_a_webp_allows_for_its_use_of_memory() -> None:
    content = files.picture("WEBP", 96, 72)
    assert inspect(content, Limits(pixels=3 * 96 * 72)).width == 96
    with pytest.raises(TooManyPixels):
        inspect(content, Limits(pixels=3 * 96 * 72 - 1))


def test_a_canvas_larger_than_its_picture_is_damaged() -> None:
    content = files.with_orientation("WEBP", 1)
    with pytest.raises(Damaged):
        inspect(files.patched(content, b"VP8X", 8, b"\xff\xff\xff\xff\xff\xff"), LIMITS)


@pytest.mark.parametrize("place", [b"IHDR", b"IDAT"])
def test_a_png_with_a_wrong_checksum_is_damaged(place: bytes) -> None:
    content = files.picture("PNG")
    at = content.index(place) + 6
    with pytest.raises(Damaged):
        inspect(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], LIMITS)


def test_a_png_whose_pixels_do_not_decompress_is_damaged() -> None:
    content = files.png_bomb(100, 100)
    at = content.index(b"IDAT") - 4
    chunks = files.png_chunk(b"IDAT", b"not packed") + files.png_chunk(b"IEND", b"")
    with pytest.raises(Damaged):
        inspect(content[:at] + chunks, LIMITS)


def test_a_png_with_millions_of_chunks_is_damaged() -> None:
    content = files.picture("PNG")
    at = content.index(b"IDAT") - 4
    with cpu_limit(seconds=5), pytest.raises(Damaged):
        inspect(content[:at] + files.png_chunk(b"IDAT", b"") * 150_000 + content[at:], LIMITS)


@pytest.mark.parametrize(
    "chunks",
    [
        files.png_chunk(b"IEND", b""),
        files.png_chunk(b"IHDR", b"short") + files.png_chunk(b"IEND", b""),
        files.png_chunk(b"\0\0\0\0", b""),
    ],
)
def test_a_png_without_a_header_is_damaged(chunks: bytes) -> None:
    with pytest.raises(Damaged):
        inspect(b"\x89PNG\r\n\x1a\n" + chunks, LIMITS)


def test_a_webp_with_twenty_thousand_chunks_is_damaged() -> None:
    body = b"WEBP" + b"JUNK\0\0\0\0" * 20_000
    with pytest.raises(Damaged):
        inspect(b"RIFF" + struct.pack("<I", len(body)) + body, LIMITS)


@pytest.mark.parametrize(
    "chunk",
    [b"JUNK\0\0\0\0", b"VP8X\2\0\0\0ab", b"VP8 \2\0\0\0ab", b"VP8L\2\0\0\0ab", b"VP8 \xff\0\0\0ab"],
)
def test_a_webp_without_a_picture_is_damaged(chunk: bytes) -> None:
    with pytest.raises(Damaged):
        inspect(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk, LIMITS)


def test_a_jpeg_with_thousands_of_scans_is_damaged() -> None:
    """The decoder walks over all pixels for each scan, so a small file could keep it busy for minutes."""
    content = files.saved(files.noise(), "JPEG", progressive=True)
    at = content.rindex(b"\xff\xda")
    with pytest.raises(Damaged):
        inspect(content[:at] + content[at:-2] * 200 + b"\xff\xd9", LIMITS)


@pytest.mark.parametrize(
    "segments",
    [
        b"\xff\xe0\0\1",
        b"\xff\xe0\0\4abcd\xff\xd9",
        b"\xff\xc0\0\4ab\xff\xd9",
        b"\xff\xd9",
    ],
)
def test_a_jpeg_without_a_frame_is_damaged(segments: bytes) -> None:
    with pytest.raises(Damaged):
        inspect(b"\xff\xd8" + segments, LIMITS)


def test_a_jpeg_with_two_frames_is_damaged() -> None:
    content = files.picture("JPEG")
    at = content.index(b"\xff\xc0")
    with pytest.raises(Damaged):
        inspect(content[:at] + content[at : at + 19] + content[at:], LIMITS)


MANY = (20_000_000).to_bytes(4)
SAME_SIZE = (1).to_bytes(4) + MANY


@pytest.mark.parametrize(
    ("name", "offset", "value"),
    [(b"stsz", 4, SAME_SIZE), (b"stts", 8, MANY), (b"ctts", 8, MANY), (b"stsd", 0, bytes(4) + b"cmov")],
)
def test_a_video_with_tables_that_would_fill_the_memory_is_damaged(
    name: bytes, offset: int, value: bytes
) -> None:
    with cpu_limit(seconds=1), pytest.raises(Damaged):
        inspect(files.patched(files.video(), name, offset, value), LIMITS)


def test_a_video_with_fragments_that_would_fill_the_memory_is_damaged() -> None:
    with pytest.raises(Damaged):
        inspect(files.patched(files.video(muxer=files.FRAGMENTS), b"trun", 4, MANY), LIMITS)


def test_a_table_with_a_longer_size_field_is_checked_too() -> None:
    content = files.video(muxer=files.FRAGMENTS)
    at = content.index(b"trun") - 4
    # With the longer size field (in place of flags and count), the count is eight bytes further on.
    longer = (1).to_bytes(4) + b"trun" + (100).to_bytes(8) + bytes(4) + MANY
    with pytest.raises(Damaged):
        inspect(content[:at] + longer + content[at + len(longer) :], LIMITS)


def test_a_video_that_points_to_the_same_bytes_many_times_is_damaged() -> None:
    content = files.video(sound="aac", frames=48)
    size = (len(content) // 3).to_bytes(4)
    at = content.rindex(b"stsz")
    count = int.from_bytes(content[at + 12 : at + 16])
    looping = files.patched(content, b"stsz", 12, size * count, last=True)
    chunks = content.rindex(b"stco")
    count = int.from_bytes(content[chunks + 8 : chunks + 12])
    assert count > 6
    with pytest.raises(Damaged):
        inspect(files.patched(looping, b"stco", 8, (48).to_bytes(4) * count, last=True), LIMITS)


def test_a_video_stream_larger_than_its_container_declares_is_not_decoded() -> None:
    content = files.video(width=640, height=480, frames=2)
    lying = files.patched(content, b"avc1", 24, struct.pack(">HH", 64, 48))
    with pytest.raises(UnusableMedia):
        inspect(lying, Limits(frame_pixels=640 * 480 - 1))


def test_a_box_that_ends_before_it_begins_is_damaged() -> None:
    tail = (1).to_bytes(4) + b"free" + (3).to_bytes(8)
    with pytest.raises(Damaged):
        inspect(files.video() + tail, LIMITS)


def test_a_video_with_sixty_thousand_boxes_is_damaged() -> None:
    with pytest.raises(Damaged):
        inspect(files.video() + b"\0\0\0\x08free" * 60_000, LIMITS)


@pytest.mark.parametrize("body", [b"\xec\x80" * 200, b"\0" * 20])
def test_a_webm_without_a_segment_is_damaged(body: bytes) -> None:
    with pytest.raises(Damaged):
        inspect(b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm" + body, LIMITS)


def test_a_jpeg_with_millions_of_empty_segments_is_damaged() -> None:
    content = files.picture("JPEG")
    with cpu_limit(seconds=2), pytest.raises(Damaged):
        inspect(content[:2] + b"\xff\xe1\0\2" * 2_500_000 + content[2:], LIMITS)


def test_tables_within_tables_are_not_counted_again_and_again() -> None:
    entry = (16).to_bytes(4) + b"stts" + bytes(4) + (0x0FFFFFFF).to_bytes(4)
    nested = entry * (1024 * 1024 // len(entry))
    with cpu_limit(seconds=2), pytest.raises(Damaged):
        inspect(files.video() + (8 + len(nested)).to_bytes(4) + b"free" + nested, LIMITS)


def test_a_later_frame_that_is_larger_than_the_first_is_not_decoded() -> None:
    """The header and the first frame are small, and the second one declares 14,000 x 14,000."""
    content = bytearray(files.video("webm", "libvpx", frames=2, key_frames=True))
    size = content.rindex(b"\x9d\x01\x2a") + 3
    assert content.count(b"\x9d\x01\x2a") == 2
    content[size : size + 4] = struct.pack("<HH", 14_000, 14_000)
    images = 0

    def count(_: Image.Image) -> None:
        nonlocal images
        images += 1

    with pytest.raises(Damaged):
        inspect(bytes(content), LIMITS, count)
    assert images == 1


async def test_a_large_picture_waits_for_a_slow_file_and_a_small_one_does_not() -> None:
    workers = UploadWorkers()
    slow = asyncio.create_task(workers.thorough.run(calls.sleep, 10 * PATIENCE))
    large = asyncio.create_task(workers.inspect(files.saved(LARGE, "PNG"), LIMITS, small_copy=False))
    small = await workers.inspect(files.picture("PNG"), LIMITS, small_copy=True)
    assert (small.media.width, small.media.height) == (96, 72)
    assert not large.done()
    slow.cancel()
    assert (await large).media.width == LARGE.width
    workers.close()


async def test_the_largest_picture_fits_into_the_memory_of_a_worker() -> None:
    content = largest_turned_png()
    found = await shared_workers().uploads.inspect(content, LIMITS, small_copy=True)
    assert (found.media.width, found.media.height) == (6100, 8192)
    assert found.small_copy is not None


async def test_the_largest_avif_fits_into_the_memory_of_a_worker() -> None:
    content = LARGEST_AVIF.read_bytes()
    found = await shared_workers().uploads.inspect(content, LIMITS, small_copy=True)
    assert (found.media.width, found.media.height) == (6100, 4096)
