"""Making results fit the size limit of their place."""

import struct
from collections.abc import Callable
from functools import partial
from io import BytesIO

import av
import pytest
from PIL import Image

from bot.media import fit as fitting
from bot.media import transcode
from bot.media.deadline import Deadline
from bot.media.fit import fit
from bot.media.probe import inspect
from bot.media.types import CannotFit, Fitted, Limits, Media
from bot.media_kind import MediaKind
from tests.media import files
from tests.media.marks import is_marked
from tests.media.test_videos import CLOCKWISE


def fitted(content: bytes, limit: int) -> Fitted:
    """Call `fit`, and check what must hold for every result."""
    media = inspect(content, Limits())
    result = fit(content, media, limit, Deadline(600))
    again = inspect(result.content, Limits())
    assert len(result.content) <= limit
    assert (again.media_type, again.suffix) == (result.media_type, result.suffix)
    assert again.width / again.height == pytest.approx(media.width / media.height, rel=0.1)
    assert is_marked(result.content)
    return result


def decoded(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content)) as image:
        image.load()
        return image


@pytest.mark.parametrize("content", [files.picture("PNG"), files.video()])
def test_a_file_that_fits_is_unchanged(content: bytes) -> None:
    media = inspect(content, Limits())
    result = fit(content, media, len(content), Deadline(0))
    assert result == Fitted(content, media.media_type, media.suffix)
    assert result.content is content


@pytest.mark.parametrize("plugin", ["PNG", "JPEG"])
def test_a_picture_loses_quality_first(plugin: str) -> None:
    content = files.saved(files.noise(256, 256), plugin, quality=100)
    result = fitted(content, len(content) * 3 // 4)
    assert result.media_type == "image/jpeg"
    assert decoded(result.content).size == (256, 256)


def test_a_webp_stays_a_webp() -> None:
    content = files.saved(files.noise(256, 256), "WEBP", lossless=True)
    result = fitted(content, len(content) // 2)
    assert (result.media_type, result.suffix) == ("image/webp", ".webp")
    assert decoded(result.content).size == (256, 256)


def test_a_picture_is_made_smaller_if_less_quality_is_not_enough() -> None:
    content = files.picture("PNG", 256, 256)
    result = fitted(content, 20_000)
    assert 64 <= decoded(result.content).width < 256


@pytest.mark.parametrize("limit", [60_000, 20_000])
def test_transparency_is_kept(limit: int) -> None:
    image = files.noise(256, 256)
    image.putalpha(Image.linear_gradient("L"))
    result = fitted(files.saved(image, "PNG"), limit)
    assert result.media_type == "image/webp"
    assert decoded(result.content).getchannel("A").getextrema() == (0, 255)


def test_a_palette_with_a_transparent_colour_is_kept() -> None:
    image = files.noise(256, 256).quantize(64)
    result = fitted(files.saved(image, "PNG", transparency=3), 40_000)
    assert decoded(result.content).mode == "RGBA"


def test_a_rotated_picture_comes_out_upright() -> None:
    image = files.noise(256, 192)
    image.paste("white", (0, 0, 128, 192))
    exif = Image.Exif()
    exif[0x0112] = 6
    result = fitted(files.saved(image, "JPEG", quality=100, exif=exif.tobytes()), 40_000)
    shown = decoded(result.content)
    assert shown.width < shown.height
    assert min(shown.convert("L").crop((0, 0, shown.width, shown.height // 3)).tobytes()) > 230


def test_the_colour_profile_is_kept() -> None:
    content = files.saved(files.noise(256, 256), "PNG", icc_profile=b"wide colours")
    assert decoded(fitted(content, 60_000).content).info["icc_profile"] == b"wide colours"


def test_a_colour_profile_for_printing_is_dropped() -> None:
    image = files.noise(256, 256).convert("CMYK")
    content = files.saved(image, "JPEG", quality=100, icc_profile=b"ink on paper")
    assert "icc_profile" not in decoded(fitted(content, 60_000).content).info


def test_a_greyscale_picture_of_sixteen_bits_keeps_its_brightness() -> None:
    greys = files.noise(512, 256, "L").tobytes()
    content = files.saved(Image.frombytes("I;16", (256, 256), greys), "PNG")
    shown = decoded(fitted(content, len(content) // 3).content).convert("L")
    assert 120 <= sum(shown.tobytes()) / len(shown.tobytes()) <= 135


def test_a_picture_that_would_become_tiny_cannot_fit() -> None:
    content = files.picture("PNG", 256, 256)
    with pytest.raises(CannotFit) as caught:
        fit(content, inspect(content, Limits()), 500, Deadline(600))
    assert (caught.value.size, caught.value.limit) == (len(content), 500)


def test_a_picture_wider_than_the_format_allows_is_made_smaller() -> None:
    image = Image.new("RGBA", (17_000, 70), (200, 0, 0, 0))
    image.paste(files.noise(600, 70), (0, 0))
    result = fitted(files.saved(image, "PNG"), 60_000)
    assert result.media_type == "image/webp"
    assert decoded(result.content).width < 17_000


def clip() -> bytes:
    return files.video(width=320, height=240, frames=12, rate=12, sound="aac")


@pytest.mark.parametrize(
    "make", [clip, partial(files.video, "webm", "libvpx", width=320, height=240, sound="libopus")]
)
def test_a_video_fits_with_its_sound(make: Callable[[], bytes]) -> None:
    content = make()
    before = inspect(content, Limits())
    result = fitted(content, len(content) * 2 // 5)
    assert result.media_type == "video/mp4"
    with av.open(BytesIO(result.content), "r") as file:
        assert file.streams.audio[0].codec_context.name == "aac"
        assert len(list(file.decode(audio=0))) > 30
    assert inspect(result.content, Limits()).seconds == pytest.approx(before.seconds, abs=0.1)


def test_a_video_loses_bitrate_first() -> None:
    result = fitted(clip(), len(clip()) * 3 // 5)
    assert inspect(result.content, Limits()).width == 320


def test_a_video_is_made_smaller_if_less_bitrate_is_not_enough() -> None:
    silent = files.video(width=320, height=240, frames=20, rate=30)
    result = fitted(silent, 10_000)
    assert inspect(result.content, Limits()).width < 320


def test_the_tables_of_a_video_come_first_so_that_it_plays_early() -> None:
    names = [name for name, _, _ in files.boxes(fitted(clip(), len(clip()) // 2).content)]
    assert names.index(b"moov") < names.index(b"mdat")


@pytest.mark.parametrize("matrix", [CLOCKWISE, (0, *CLOCKWISE[3:4], 0, 1 << 16, 0, 0, 0, 0, 1 << 30)])
def test_a_rotated_video_comes_out_upright(matrix: tuple[int, ...]) -> None:
    silent = files.video(width=160, height=120)
    turned = files.patched(silent, b"tkhd", 40, struct.pack(">9I", *matrix))
    result = fitted(turned, len(turned) // 2)
    with av.open(BytesIO(result.content), "r") as file:
        frame = next(file.decode(video=0))
    assert frame.rotation == 0
    assert frame.width < frame.height


@pytest.mark.parametrize("limit", [100, 6000, 9000])
def test_a_video_that_would_look_bad_cannot_fit(limit: int) -> None:
    with pytest.raises(CannotFit):
        fit(clip(), inspect(clip(), Limits()), limit, Deadline(600))


@pytest.mark.parametrize("make", [clip, partial(files.picture, "PNG", 256, 256)])
def test_work_stops_when_its_deadline_expires(make: Callable[[], bytes]) -> None:
    content = make()
    ticks = iter(range(1_000_000))
    deadline = Deadline(0.5, timer=lambda: float(next(ticks)))
    with pytest.raises(CannotFit):
        fit(content, inspect(content, Limits()), 9000, deadline)
    # The work stopped long before its last frame or attempt.
    assert next(ticks) < 10


def test_a_picture_that_takes_too_long_to_encode_is_made_smaller_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "_MAX_PIXELS", {"WEBP": 128 * 128})
    image = files.noise(256, 256)
    image.putalpha(Image.linear_gradient("L"))
    result = fitted(files.saved(image, "PNG"), 60_000)
    assert result.media_type == "image/webp"
    shown = decoded(result.content)
    assert shown.size == (128, 128)
    assert shown.getchannel("A").getextrema() == (1, 254)


def test_a_long_video_is_made_smaller_than_its_limit_requires(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller size keeps the encoding time bounded."""
    frames = 13
    monkeypatch.setattr(transcode, "_MAX_PIXELS", 160 * 120 * frames)
    result = fitted(clip(), len(clip()) * 3 // 5)
    assert inspect(result.content, Limits()).width == pytest.approx(160, abs=2)


@pytest.mark.parametrize(
    ("kind", "media_type", "content"),
    [
        (MediaKind.PICTURE, "image/png", b"\x89PNG\r\n\x1a\n but no more"),
        (MediaKind.PICTURE, "image/png", files.png_bomb(3000, 3000)),
        (MediaKind.PICTURE, "image/jpeg", files.picture("JPEG")[:-100] + b"\xff\xd9"),
        (MediaKind.VIDEO, "video/mp4", files.video()[:-1000]),
    ],
)
def test_a_broken_result_cannot_fit(kind: MediaKind, media_type: str, content: bytes) -> None:
    media = Media(kind, media_type, ".any", len(content), 96, 72, None)
    with pytest.raises(CannotFit):
        fit(content, media, 10, Deadline(600))
