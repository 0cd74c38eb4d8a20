"""Videos that become GIFs, or animated WebPs where a GIF is too large."""

from io import BytesIO

import pytest
from PIL import Image, ImageFile

from bot.media import operations
from bot.media.animations.to_gif import render
from bot.media.deadline import Deadline
from bot.media.formats import gif, png, webp
from bot.media.hashing import dhash
from bot.media.marks.provenance import mark
from bot.media.probe import inspect
from bot.media.types import CannotFit, Compromise, Damaged, Fitted, Limits
from tests.media import files
from tests.media.marks import is_marked

ROOMY = 10 * 2**20


def rendered(video: bytes, limit: int = ROOMY, *, loops: int = 0, seconds: float = 60) -> Fitted:
    return render(video, inspect(video, Limits()), limit, loops, Deadline(seconds))


def opened(fitted: Fitted) -> ImageFile.ImageFile:
    return Image.open(BytesIO(fitted.content))


def test_a_video_becomes_a_marked_gif_with_its_length_and_look() -> None:
    video = files.video(width=128, height=96, frames=12, rate=12)
    fitted = rendered(video)
    assert (fitted.media_type, fitted.suffix, fitted.compromise) == ("image/gif", ".gif", None)
    assert opened(fitted).size == (128, 96)
    header = gif.read_animation(fitted.content)
    assert len(header.delays) == 12
    assert sum(header.delays) == pytest.approx(1, abs=0.03)
    assert is_marked(fitted.content)
    original, copy = dhash(files.noise(128, 96)), dhash(opened(fitted).convert("RGB"))
    assert original is not None
    assert copy is not None
    assert (original ^ copy).bit_count() <= 8


@pytest.mark.parametrize("loops", [0, 1, 3])
def test_a_gif_that_came_in_comes_back_with_its_timing_and_loops(loops: int) -> None:
    video = operations.inspect_animation(files.moving("GIF"), Limits()).converted
    assert video is not None
    header = gif.read_animation(rendered(video, loops=loops).content)
    assert header.delays == pytest.approx((0.1, 0.05, 0.2, 0.4))
    assert header.loops == loops


def test_a_gif_that_is_too_large_gets_fewer_frames_and_pixels_and_says_so() -> None:
    video = files.video(width=80, height=60, frames=10, rate=20)
    first = rendered(video)
    limit = len(first.content) * 3 // 5
    smaller = rendered(video, limit)
    assert (smaller.media_type, smaller.compromise) == ("image/gif", Compromise.REDUCED)
    assert len(smaller.content) <= limit
    assert opened(smaller).width < 80
    assert len(gif.read_animation(smaller.content).delays) < len(gif.read_animation(first.content).delays)
    assert sum(gif.read_animation(smaller.content).delays) == pytest.approx(0.5, abs=0.1)


def test_where_no_gif_fits_an_animated_webp_does() -> None:
    video = files.video(width=80, height=60, frames=10, rate=20)
    fitted = rendered(video, 16_000, loops=2)
    assert (fitted.media_type, fitted.suffix, fitted.compromise) == ("image/webp", ".webp", Compromise.WEBP)
    header = webp.read_animation(fitted.content)
    assert (header.loops, sum(header.delays)) == (2, pytest.approx(0.5, abs=0.1))
    assert is_marked(fitted.content)


def test_what_fits_in_no_format_is_left_a_video() -> None:
    with pytest.raises(CannotFit):
        rendered(files.video(width=80, height=60, frames=10, rate=20), 500)


def test_the_deadline_ends_the_rendering() -> None:
    with pytest.raises(CannotFit):
        rendered(files.video(), seconds=-1)


def test_the_mark_of_a_gif_replaces_other_xmp_and_leaves_the_frames() -> None:
    content = files.moving("GIF")
    marked = mark(gif.with_xmp(content, b"<other/>"), gif.MEDIA_TYPE)
    assert gif.read_xmp(gif.with_xmp(content, b"<other/>")) == b"<other/>"
    assert marked.count(b"XMP DataXMP") == 1
    assert is_marked(marked)
    assert mark(marked, gif.MEDIA_TYPE) is marked
    assert gif.read_animation(marked)[:4] == gif.read_animation(content)[:4]
    with Image.open(BytesIO(marked)) as image:
        assert getattr(image, "n_frames", 1) == 4


@pytest.mark.parametrize("content", [b"GIF89a" + bytes(7), b"GIF89a" + bytes(7) + b"\x99"])
def test_a_gif_without_frames_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        gif.read_animation(content)
    with pytest.raises(Damaged):
        gif.with_xmp(content, b"")


def test_an_apng_may_count_its_delays_in_other_parts_of_a_second() -> None:
    assert png.read_animation(files.moving("PNG", (125, 250))).delays == (0.125, 0.25)
