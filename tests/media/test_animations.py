"""Animations that become videos: their timing, their limits, and their deadline."""

from io import BytesIO
from typing import Any, cast

import av
import pytest
from PIL import Image

from bot.media import operations
from bot.media.formats import gif
from bot.media.types import (
    Damaged,
    InspectedFile,
    Limits,
    TooLarge,
    TooLong,
    TooManyFrames,
    TooManyPixels,
    TooSmall,
    UnusableMedia,
)
from bot.media_kind import MediaKind
from tests.harness import shared_workers
from tests.media import bombs, files

PLUGINS = ["GIF", "PNG", "WEBP"]


def converted(content: bytes, limits: Limits | None = None) -> InspectedFile:
    return operations.inspect_animation(content, limits or Limits())


def times_in(video: bytes | None) -> list[float]:
    assert video is not None
    return [seconds for seconds, _ in frames_of(video)]


def frames_of(video: bytes) -> list[tuple[float, Image.Image]]:
    """The frames of a video, with the seconds at which they begin."""
    with av.open(BytesIO(video), "r") as file:
        # PyAV does not type the keyword arguments of `to_image`.
        return [
            (float(frame.time or 0), cast("Image.Image", frame.to_image()))  # pyright: ignore[reportUnknownMemberType]
            for frame in file.decode(file.streams.video[0])
        ]


@pytest.mark.parametrize("plugin", PLUGINS)
def test_an_animation_becomes_a_video_with_its_timing(plugin: str) -> None:
    content = files.moving(plugin)
    found = converted(content)
    assert (found.media.kind, found.media.media_type) == (MediaKind.VIDEO, "video/mp4")
    assert (found.media.width, found.media.height) == (64, 48)
    assert found.media.seconds == pytest.approx(0.75)
    assert times_in(found.converted) == pytest.approx([0, 0.1, 0.15, 0.35])
    assert found.fingerprint.dhashes


def ffmpeg_gif() -> bytes:
    """GIF of another encoder, which stores only what changes, with transparency for the rest."""
    file = BytesIO()
    with av.open(file, "w", format="gif") as target:
        stream: Any = target.add_stream("gif", rate=10)  # pyright: ignore[reportUnknownMemberType]
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8"
        for number in range(5):
            image = Image.new("RGB", (64, 48), "blue")
            image.paste("red", (number * 10, 10, number * 10 + 10, 20))
            frame = cast("Any", av.VideoFrame).from_image(image)
            target.mux(stream.encode(frame.reformat(format="rgb8")))
        target.mux(stream.encode(None))
    return file.getvalue()


def test_a_gif_that_stores_only_changes_is_put_together() -> None:
    found = converted(ffmpeg_gif())
    assert times_in(found.converted) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert found.converted is not None
    _, last = frames_of(found.converted)[-1]
    # A red square has moved from the left to the right over blue.
    red, _, blue = (cast("Any", channel.load()) for channel in last.split())
    assert (red[45, 15] > 180, blue[45, 15] < 80) == (True, True)
    assert (red[5, 15] < 80, blue[5, 15] > 180) == (True, True)


def test_a_delay_of_zero_is_shown_as_long_as_browsers_show_it() -> None:
    assert converted(files.moving("GIF", (0, 0, 0))).media.seconds == pytest.approx(0.3)


@pytest.mark.parametrize(("loop", "loops"), [(0, 0), (2, 3)])
def test_the_loops_are_known(loop: int, loops: int) -> None:
    assert converted(files.moving("GIF", loop=loop)).loops == loops
    assert gif.read_animation(files.moving("GIF", loop=loop)).loops == loops


def test_the_loops_of_other_formats_count_each_time() -> None:
    assert converted(files.moving("PNG", loop=2)).loops == 2
    assert converted(files.moving("WEBP", loop=2)).loops == 2


def test_odd_sides_lose_a_row() -> None:
    content = files.saved(
        Image.new("RGB", (65, 49), "red"),
        "GIF",
        save_all=True,
        append_images=[Image.new("RGB", (65, 49), "blue")],
        duration=100,
    )
    media = converted(content).media
    assert (media.width, media.height) == (64, 48)


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(video_bytes=500), TooLarge),
        (Limits(frame_pixels=1000), TooManyPixels),
        (Limits(min_side=50), TooSmall),
        (Limits(video_seconds=0.7), TooLong),
        (Limits(frames=3), TooManyFrames),
    ],
)
def test_limits_hold_before_a_frame_is_decoded(
    plugin: str, limits: Limits, error: type[UnusableMedia]
) -> None:
    with pytest.raises(error):
        converted(files.moving(plugin), limits)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_an_animation_without_its_end_is_damaged(plugin: str) -> None:
    content = files.moving(plugin)
    with pytest.raises(Damaged):
        converted(content[: len(content) // 2])


async def test_an_animation_of_the_largest_size_fits_into_the_memory_of_a_worker() -> None:
    content = bombs.still_frames("GIF", 2560, 1440, count=4)
    found = await shared_workers().uploads.inspect_animation(content, Limits())
    assert (found.media.width, found.media.height) == (2560, 1440)


async def test_an_animation_of_larger_frames_than_fit_into_the_memory_of_a_worker_is_refused() -> None:
    content = bombs.still_frames("GIF", 2562, 1440, count=2)
    with pytest.raises(TooManyPixels):
        await shared_workers().uploads.inspect_animation(content, Limits())
