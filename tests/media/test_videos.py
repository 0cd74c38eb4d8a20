"""Inspection of videos: accepted formats, limits, and the errors of the others."""

import struct

import pytest

from bot.media.probe import inspect
from bot.media.types import (
    Damaged,
    Limits,
    Media,
    TooLarge,
    TooLong,
    TooManyFrames,
    TooManyPixels,
    TooSmall,
    Truncated,
    Unsupported,
)
from bot.media_kind import MediaKind
from tests.media import files

LIMITS = Limits()
ACCEPTED = [
    ("mp4", "libx264", "video/mp4", ".mp4"),
    ("mp4", "libx265", "video/mp4", ".mp4"),
    ("mp4", "libaom-av1", "video/mp4", ".mp4"),
    ("mov", "libx264", "video/quicktime", ".mov"),
    ("webm", "libvpx", "video/webm", ".webm"),
    ("webm", "libvpx-vp9", "video/webm", ".webm"),
    ("webm", "libaom-av1", "video/webm", ".webm"),
]
CLOCKWISE = (0, 1 << 16, 0, (1 << 32) - (1 << 16), 0, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(("container", "codec", "media_type", "suffix"), ACCEPTED)
def test_a_video_is_described_by_its_bytes(container: str, codec: str, media_type: str, suffix: str) -> None:
    content = files.video(container, codec)
    media = inspect(content, LIMITS)
    assert media == Media(MediaKind.VIDEO, media_type, suffix, len(content), 64, 48, media.seconds)
    assert media.seconds == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("sound", ["aac", "libopus", "libmp3lame"])
def test_sound_does_not_make_a_video_longer_than_its_picture(sound: str) -> None:
    assert inspect(files.video(sound=sound), LIMITS).seconds == pytest.approx(1, abs=0.01)


def test_uncompressed_sound_is_accepted() -> None:
    assert inspect(files.video("mov", sound="pcm_s16le"), LIMITS).seconds == pytest.approx(1, abs=0.01)


def test_a_video_without_a_type_box_is_quicktime() -> None:
    content = files.video("mov")
    # An empty box replaces the type box, because the tables hold offsets into the file.
    assert inspect(content.replace(b"ftypqt  ", b"wideqt  ", 1), LIMITS).media_type == "video/quicktime"


def test_width_and_height_are_as_displayed() -> None:
    turned = files.patched(files.video(), b"tkhd", 40, struct.pack(">9I", *CLOCKWISE))
    media = inspect(turned, LIMITS)
    assert (media.width, media.height) == (48, 64)


@pytest.mark.parametrize("muxer", [(), files.FRONT], ids=["tables last", "tables first"])
@pytest.mark.parametrize("missing", [1, 7, 8, 100, 2000, 10_000])
def test_an_mp4_without_its_end_is_truncated(muxer: tuple[tuple[str, str], ...], missing: int) -> None:
    content = files.video(sound="aac", muxer=muxer)
    with pytest.raises(Truncated):
        inspect(content[:-missing], LIMITS)


def test_an_mp4_cut_between_two_boxes_is_truncated() -> None:
    for muxer in ((), files.FRONT):
        content = files.video(sound="aac", muxer=muxer)
        for _, _, end in files.boxes(content)[:-1]:
            with pytest.raises(Truncated):
                inspect(content[:end], LIMITS)


def test_a_fragmented_mp4_is_accepted_unless_it_is_truncated() -> None:
    content = files.video(muxer=files.FRAGMENTS)
    assert inspect(content, LIMITS).seconds == pytest.approx(1, abs=0.1)
    with pytest.raises(Truncated):
        inspect(content[:-1], LIMITS)


@pytest.mark.parametrize("missing", [1, 100, 2000])
def test_a_webm_without_its_end_is_truncated(missing: int) -> None:
    with pytest.raises(Truncated):
        inspect(files.video("webm", "libvpx-vp9")[:-missing], LIMITS)


def test_a_webm_of_which_only_the_beginning_arrived_is_truncated() -> None:
    content = files.video("webm", "libvpx-vp9")
    for length in (content.index(b"\x18\x53\x80\x67"), 45, 60):
        with pytest.raises(Truncated):
            inspect(content[:length], LIMITS)


def test_a_live_recording_without_a_declared_size_is_accepted() -> None:
    content = files.video("webm", "libvpx", muxer=(("live", "1"),))
    assert inspect(content, LIMITS).seconds == pytest.approx(1, abs=0.1)


def test_a_header_that_declares_much_more_than_there_is_means_truncated() -> None:
    content = files.video("webm", "libvpx")
    # The element that holds the duration: its name and its length.
    duration = content.index(b"\x44\x89\x88") + 3
    promised = content[:duration] + struct.pack(">d", 60_000) + content[duration + 8 :]
    with pytest.raises(Truncated):
        inspect(promised, LIMITS)


def test_bytes_behind_the_last_box_are_ignored() -> None:
    assert inspect(files.video() + bytes(100), LIMITS).width == 64
    assert inspect(files.video() + b"abc", LIMITS).width == 64


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (files.video("mp4", "mpeg4"), "video/mp4; codecs=mpeg4"),
        (files.video("matroska"), "video/x-matroska"),
        (files.video("avi", "mpeg4"), "video/x-msvideo"),
        (files.sound_only(), "audio/mp4"),
        (files.sound_only(cover=True), "audio/mp4"),
        (files.sound_only().replace(b"ftypisom", b"ftypM4A ", 1), "audio/mp4"),
    ],
)
def test_an_unsupported_format_is_named(content: bytes, found: str) -> None:
    with pytest.raises(Unsupported) as caught:
        inspect(content, LIMITS)
    assert caught.value.found == found


def test_an_unknown_codec_is_unsupported() -> None:
    with pytest.raises(Unsupported) as caught:
        inspect(files.video().replace(b"avc1", b"zzzz"), LIMITS)
    assert caught.value.found == "video/mp4; codecs=unknown"


def test_a_video_may_be_exactly_as_large_as_allowed() -> None:
    content = files.video()
    assert inspect(content, Limits(video_bytes=len(content))).size == len(content)
    with pytest.raises(TooLarge):
        inspect(content, Limits(video_bytes=len(content) - 1))


def test_a_video_may_be_exactly_as_long_as_allowed() -> None:
    content = files.video(sound="aac")
    assert inspect(content, Limits(video_seconds=1)).seconds == pytest.approx(1)
    with pytest.raises(TooLong) as caught:
        inspect(content, Limits(video_seconds=0.9))
    assert caught.value.seconds == pytest.approx(1, abs=0.05)
    assert caught.value.limit == 0.9


def test_a_video_may_have_exactly_as_many_frames_as_allowed() -> None:
    content = files.video()
    assert inspect(content, Limits(frames=12)).width == 64
    with pytest.raises(TooManyFrames) as caught:
        inspect(content, Limits(frames=11))
    assert caught.value.limit == 11


def test_a_video_may_have_exactly_as_many_pixels_as_allowed() -> None:
    content = files.video()
    assert inspect(content, Limits(frame_pixels=64 * 48)).width == 64
    with pytest.raises(TooManyPixels):
        inspect(content, Limits(frame_pixels=64 * 48 - 1))


def test_a_video_may_be_exactly_as_small_as_allowed() -> None:
    content = files.video()
    assert inspect(content, Limits(min_side=48)).height == 48
    with pytest.raises(TooSmall):
        inspect(content, Limits(min_side=49))


def test_a_video_without_a_single_frame_is_damaged() -> None:
    with pytest.raises(Damaged):
        inspect(files.patched(files.video(), b"stsz", 8, bytes(4)), LIMITS)


def test_tracks_that_are_neither_picture_nor_sound_are_ignored() -> None:
    content = files.video(sound="aac").replace(b"soun", b"meta", 1).replace(b"mp4a", b"mett", 1)
    assert inspect(content, LIMITS).seconds == pytest.approx(1, abs=0.01)


def test_a_table_name_within_other_data_is_ignored() -> None:
    data = b"\xff\xff\xff\xffstsz" + bytes(8) + b"\xff\xff\xff\xff"
    assert inspect(files.video() + struct.pack(">I", 8 + len(data)) + b"free" + data, LIMITS).width == 64


def test_a_video_that_decodes_to_no_frame_is_damaged() -> None:
    content = files.video(muxer=files.FRONT)
    name, start, end = files.boxes(content)[-1]
    assert name == b"mdat"
    with pytest.raises(Damaged):
        inspect(content[: start + 8] + bytes(end - start - 8), LIMITS)
