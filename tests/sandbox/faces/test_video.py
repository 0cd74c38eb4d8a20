"""Videos keep their sound, length, timing and shape."""

import io
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.segmind import Rendering
from tests.media.marks import is_marked
from tests.sandbox.faces.conftest import Measure, Render
from tests.sandbox.faces.scenes import SIDE, clip, couple, encoded, frames, nobody, portrait, sample_clip

SLUG = "ai-face-swap"
# For what concerns the video and no choice of a face: the reference frame would be decoded and searched, too.
ANY_FACE = {"face_selector_mode": "one"}


def open_sound(content: bytes) -> tuple[str, list[bytes]]:
    with av.open(io.BytesIO(content), "r") as video:
        stream = video.streams.audio[0]
        return stream.codec_context.name, [bytes(packet) for packet in video.demux(stream) if packet.size]


def seconds_of(content: bytes) -> float:
    with av.open(io.BytesIO(content), "r") as video:
        return (video.duration or 0) / av.time_base


def moments_of(content: bytes) -> list[float]:
    with av.open(io.BytesIO(content), "r") as video:
        return [round(frame.time, 3) for frame in video.decode(video=0)]


def moving(picture: Picture, count: int = 4) -> list[Picture]:
    return [np.roll(picture, 2 * step, axis=1) for step in range(count)]


async def test_the_sample_clip_comes_back_whole(render: Render, face_c: bytes) -> None:
    original = sample_clip(0.2)
    rendering = await render(SLUG, face_c, original)
    assert rendering.media_type == "video/mp4"
    result = rendering.content
    assert seconds_of(result) == seconds_of(original)
    assert moments_of(result) == moments_of(original)
    assert open_sound(result) == open_sound(original)
    assert is_marked(result)
    assert result.index(b"moov") < result.index(b"mdat")
    with av.open(io.BytesIO(result), "r") as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == Fraction(25)
    assert rendering.local["faces_found"] == 2
    assert rendering.local["faces_swapped"] == 1
    assert rendering.local["identity_distance"] < 0.55


async def test_the_face_in_the_frames_is_the_sources(
    render: Render, measure: Measure, astronaut: bytes
) -> None:
    result = (await render(SLUG, astronaut, clip(moving(portrait("face_b"))))).content
    for frame in frames(result):
        assert measure.apart(frame, "astronaut") < 0.55
        assert measure.apart(frame, "astronaut") < measure.apart(frame, "face_b")


@pytest.mark.parametrize(("codec", "container"), [("libopus", "matroska"), ("pcm_s16le", "matroska")])
async def test_sound_that_phones_cannot_play_becomes_aac(
    render: Render, face_a: bytes, codec: str, container: str
) -> None:
    original = clip(moving(portrait("face_b"), 3), sound=codec, container=container)
    result = (await render(SLUG, face_a, original, **ANY_FACE)).content
    name, packets = open_sound(result)
    assert name == "aac"
    assert packets
    assert seconds_of(result) == pytest.approx(0.12, abs=0.08)


async def test_mp3_is_copied(render: Render, face_a: bytes) -> None:
    original = clip(moving(portrait("face_b"), 3), sound="mp3")
    result = (await render(SLUG, face_a, original, **ANY_FACE)).content
    assert open_sound(result) == open_sound(original)


async def test_each_frame_keeps_its_moment_where_the_rate_varies(render: Render, face_a: bytes) -> None:
    original = clip(moving(portrait("face_b")), moments=[0, 1, 4, 11], container="matroska")
    result = (await render(SLUG, face_a, original, **ANY_FACE)).content
    assert moments_of(result) == [0, 0.04, 0.16, 0.44]


async def test_odd_sides_lose_one_pixel(render: Render, face_a: bytes) -> None:
    odd = np.ascontiguousarray(portrait("face_b")[:199, :203])
    result = (await render(SLUG, face_a, clip([odd] * 2), **ANY_FACE)).content
    assert [frame.shape for frame in frames(result)] == [(198, 202, 3)] * 2


async def test_a_clip_from_a_phone_held_upright_stays_upright(
    render: Render, measure: Measure, face_a: bytes
) -> None:
    upright = portrait("face_b", 320)[:, 40:280]
    lying = clip([np.ascontiguousarray(np.rot90(upright))] * 2)
    result = (await render(SLUG, face_a, turned_on_display(lying), **ANY_FACE)).content
    shown = frames(result)
    assert [frame.shape for frame in shown] == [(320, 240, 3)] * 2
    assert len(measure.faces(shown[0])) == 1


def turned_on_display(content: bytes) -> bytes:
    """Writes into the track's header what phones write: turn this a quarter clockwise to show it."""
    start = content.index(b"tkhd") + 44
    numbers = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
    matrix = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
    return content[:start] + matrix + content[start + len(matrix) :]


async def test_the_colours_around_the_face_stay(render: Render, face_a: bytes) -> None:
    for height in (SIDE, 720):  # Below and above the line from which on untagged video is BT.709.
        picture = np.zeros((height, SIDE, 3), np.uint8)
        picture[:] = (180, 90, 60)
        picture[:SIDE] = portrait("face_b")
        original = clip([picture] * 2)
        result = frames((await render(SLUG, face_a, original, **ANY_FACE)).content)[0]
        corner = np.s_[5:40, 5:40]
        expected = frames(original)[0][corner].mean(axis=(0, 1))
        assert np.abs(result[corner].mean(axis=(0, 1)) - expected).max() < 4


async def test_the_reference_is_one_person_in_all_frames(
    render: Render, measure: Measure, face_c: bytes
) -> None:
    pictures = [couple()] * 2 + [np.ascontiguousarray(np.roll(couple(), SIDE, axis=1))] * 2
    changes = {"face_selector_order": "right-left", "reference_frame_number": 2}
    result = frames((await render(SLUG, face_c, clip(pictures), **changes)).content)
    swapped = [measure.changed_faces(before, after) for before, after in zip(pictures, result, strict=True)]
    assert swapped == [[False, True]] * 2 + [[True, False]] * 2


async def test_many_swaps_all_and_one_the_first_in_order(
    render: Render, measure: Measure, face_c: bytes
) -> None:
    original = clip([couple()] * 2)
    swapped: dict[str, list[bool]] = {}
    for mode in ("many", "one"):
        rendering = await render(SLUG, face_c, original, face_selector_mode=mode)
        swapped[mode] = measure.changed_faces(couple(), frames(rendering.content)[1])
    assert swapped == {"many": [True, True], "one": [True, False]}


async def test_faces_may_come_and_go(render: Render, measure: Measure, face_a: bytes) -> None:
    pictures = [nobody()] * 3 + [portrait("face_b")] * 3 + [nobody()] * 2
    rendering = await render(SLUG, face_a, clip(pictures), face_selector_mode="one")
    result = frames(rendering.content)
    assert len(result) == len(pictures)
    assert measure.changed_faces(pictures[4], result[4]) == [True]
    assert np.abs(result[0].astype(int) - pictures[0]).max() < 12


async def test_a_face_may_leave_the_frame(render: Render, face_a: bytes) -> None:
    wide = np.hstack([portrait("face_b"), nobody()])
    pictures = [np.ascontiguousarray(wide[:, start : start + SIDE]) for start in range(0, SIDE, SIDE // 5)]
    rendering = await render(SLUG, face_a, clip(pictures), face_selector_mode="many")
    assert len(frames(rendering.content)) == len(pictures)


async def refusal(render: Render, face: bytes, target: bytes, **changes: object) -> str:
    with pytest.raises(CannotSwap) as caught:
        await render(SLUG, face, target, **changes)
    return str(caught.value)


async def test_what_cannot_be_swapped_is_said_in_a_sentence(render: Render, face_a: bytes) -> None:
    two = clip([portrait("face_b")] * 2)
    assert "2 frames, so there is no frame 9" in await refusal(render, face_a, two, reference_frame_number=9)
    assert "No face was found in any frame" in await refusal(
        render, face_a, clip([nobody()] * 2), face_selector_mode="many"
    )
    assert "the reference, shows no face that fits" in await refusal(render, face_a, clip([nobody()] * 2))
    assert "fits the selection" in await refusal(
        render, face_a, two, face_selector_mode="many", face_selector_age_start=99
    )
    assert "fits the selection" in await refusal(
        render, face_a, encoded(portrait("face_b")), face_selector_gender="female"
    )


async def test_unreadable_videos_are_refused(render: Render, face_a: bytes) -> None:
    whole = clip([portrait("face_b")] * 4, sound="aac")
    for broken in (b"no video", whole[:400], whole[: len(whole) // 3]):
        assert "neither a picture nor a video" in await refusal(render, face_a, broken)


async def test_a_playlist_opens_no_other_file(render: Render, face_a: bytes) -> None:
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    listing = b"ffconcat version 1.0\nfile /etc/hostname\n"
    for content in (playlist, listing):
        assert "neither a picture nor a video" in await refusal(render, face_a, content)


async def test_sound_alone_is_refused(render: Render, face_a: bytes) -> None:
    stream = io.BytesIO()
    with (
        av.open(io.BytesIO(clip([nobody()] * 5, sound="aac")), "r") as source,
        av.open(stream, "w", format="mp4") as output,
    ):
        audio = source.streams.audio[0]
        copied = output.add_stream_from_template(audio)  # pyright: ignore[reportUnknownMemberType]
        for packet in source.demux(audio):
            if packet.dts is not None:
                packet.stream = copied
                output.mux(packet)
    assert "no video track" in await refusal(render, face_a, stream.getvalue())


async def test_frames_of_too_many_pixels_are_refused(render: Render, face_a: bytes) -> None:
    huge = clip([np.zeros((4000, 5008, 3), np.uint8)], pixels="yuv420p")
    assert "million pixels a frame" in await refusal(render, face_a, huge)


async def test_grain_moves_from_frame_to_frame(render: Render, face_a: bytes) -> None:
    rendering: Rendering = await render(SLUG, face_a, clip([portrait("face_b")] * 3), **ANY_FACE)
    for one, next_one in pairwise(frames(rendering.content)):
        assert not np.array_equal(one, next_one)
