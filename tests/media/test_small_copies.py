"""Small copies of pictures: upright, bounded, and without metadata."""

import re
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms

from bot.media.picture import LONGEST_SIDE
from bot.media.probe import inspect_upload
from bot.media.types import Limits, SmallCopy
from tests.media.files import noise, saved, video, with_orientation


def small_copy(content: bytes) -> SmallCopy:
    found = inspect_upload(content, Limits(), small_copy=True).small_copy
    assert found is not None
    return found


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize("size", [(3000, 1500), (1500, 3000)])
def test_the_longest_side_is_bounded_and_the_proportions_stay(size: tuple[int, int]) -> None:
    shown = opened(small_copy(saved(Image.new("RGB", size), "JPEG")).content).size
    assert max(shown) == LONGEST_SIDE
    assert min(shown) == LONGEST_SIDE // 2


def test_a_small_copy_has_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret words"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    for plugin in ("JPEG", "PNG", "WEBP"):
        copy = small_copy(saved(noise(), plugin, exif=exif.tobytes(), comment="secret words")).content
        assert b"secret" not in copy
        assert not opened(copy).getexif()
        assert set(opened(copy).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_small_copy_is_upright(orientation: int) -> None:
    copy = opened(small_copy(with_orientation("JPEG", orientation)).content)
    assert copy.size == ((72, 96) if orientation > 4 else (96, 72))


def test_a_transparent_picture_stays_transparent_as_png() -> None:
    copy = small_copy(saved(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG"))
    assert copy.suffix == ".png"
    assert opened(copy.content).convert("RGBA").getpixel((5, 5)) == (255, 0, 0, 0)


@pytest.mark.parametrize(("swapped", "shown"), [(True, (0, 0, 255)), (False, (255, 0, 0))])
def test_a_colour_profile_is_converted_to_srgb_and_a_broken_one_is_ignored(
    swapped: bool, shown: tuple[int, int, int]
) -> None:
    srgb = ImageCms.ImageCmsProfile(
        ImageCms.createProfile("sRGB")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    ).tobytes()
    # In this profile red is blue.
    names = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
    profile = re.sub(b"rXYZ|bXYZ", lambda name: names[name[0]], srgb) if swapped else b"no profile at all"
    red = Image.new("RGB", (64, 64), (255, 0, 0))
    copy = opened(small_copy(saved(red, "PNG", icc_profile=profile)).content)
    assert "icc_profile" not in copy.info
    assert copy.convert("RGB").getpixel((5, 5)) == pytest.approx(shown, abs=4)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_picture_of_any_mode_keeps_its_brightness(mode: str) -> None:
    image = Image.new("L", (64, 64), 200)
    given = Image.new("I;16", (64, 64), 200 * 256) if mode == "I;16" else image.convert(mode)
    copy = opened(small_copy(saved(given, "PNG")).content)
    value: Any = copy.convert("L").getpixel((9, 9))
    assert abs(value - (255 if mode == "1" else 200)) <= 2


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_large_picture_of_any_mode_keeps_its_brightness(mode: str) -> None:
    image = Image.new("L", (4000, 32), 200)
    given = Image.new("I;16", image.size, 200 * 256) if mode == "I;16" else image.convert(mode)
    shown = opened(small_copy(saved(given, "PNG")).content)
    assert shown.width == LONGEST_SIDE
    value: Any = shown.convert("L").getpixel((9, 9))
    assert abs(value - 200) <= 2


def test_a_large_palette_with_a_transparent_colour_stays_transparent() -> None:
    image = Image.new("P", (4000, 400))
    image.putpalette([200, 0, 0, 0, 200, 0])
    shown = opened(small_copy(saved(image, "PNG", transparency=0)).content)
    assert shown.convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_every_row_of_a_large_picture_is_in_its_place() -> None:
    shown = opened(small_copy(saved(Image.linear_gradient("L").resize((2500, 5001)), "PNG")).content)
    column = shown.convert("L").resize((1, 6)).tobytes()
    assert shown.size == (768, 1536)
    assert [
        abs(value - expected) < 8 for value, expected in zip(column, range(21, 255, 42), strict=True)
    ] == [True] * 6


def test_a_video_has_no_small_copy() -> None:
    assert inspect_upload(video(), Limits(), small_copy=True).small_copy is None
