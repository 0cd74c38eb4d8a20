"""Pictures in formats that Segmind does not take, and first frames of animations."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from bot.media.fingerprints import Fingerprint
from bot.media.probe import fingerprint_of, inspect_upload
from bot.media.types import (
    Animated,
    Damaged,
    InspectedFile,
    Limits,
    TooLarge,
    TooManyPixels,
    TooSmall,
    Unsupported,
    UnusableMedia,
)
from bot.media_kind import MediaKind
from tests.media import files
from tests.media.tiles import side_by_side
from tests.samples import SAMPLES

PHONE = Path(__file__).with_name("phone.heic").read_bytes()
"""HEIC as phones write it: 240 by 300, stored sideways, with the orientation in the container and in EXIF."""


def converted(content: bytes, *, limits: Limits | None = None, first_frame: bool = False) -> InspectedFile:
    return inspect_upload(content, limits or Limits(), small_copy=True, first_frame=first_frame)


def image_of(found: InspectedFile) -> Image.Image:
    assert found.converted is not None
    image = Image.open(BytesIO(found.converted))
    image.load()
    return image


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (PHONE, (240, 300)),
        (files.picture("AVIF"), (96, 72)),
        (files.picture("GIF"), (96, 72)),
        (files.with_orientation("AVIF", 6), (72, 96)),
    ],
    ids=["heic", "avif", "gif", "turned avif"],
)
def test_a_picture_is_converted_upright_and_without_metadata(content: bytes, size: tuple[int, int]) -> None:
    found = converted(content)
    image = image_of(found)
    assert image.size == (found.media.width, found.media.height) == size
    assert (found.media.kind, found.media.media_type) == (MediaKind.PICTURE, f"image/{image.format}".lower())
    assert not image.getexif()
    assert found.small_copy is not None


def test_the_picture_of_a_phone_keeps_its_look() -> None:
    face = Image.open(SAMPLES / "face_a.jpg").resize((240, 300))
    file = BytesIO()
    face.save(file, "PNG")
    original = fingerprint_of(file.getvalue(), Limits())
    found = converted(PHONE).fingerprint
    assert found.resembles(original.dhashes, distance=6)
    assert found.exact == Fingerprint(found.exact).exact != original.exact


def test_a_picture_in_tiles_is_put_together() -> None:
    single = image_of(converted(PHONE)).transpose(Image.Transpose.ROTATE_90)
    tiled = image_of(converted(side_by_side(PHONE)))
    width, height = single.size
    assert tiled.size == (2 * width, height)
    for left in (0, width):
        tile = tiled.crop((left, 0, left + width, height))
        apart = ImageStat.Stat(ImageChops.difference(tile, single)).mean
        assert max(apart) < 3


def test_the_same_file_is_recognised_by_its_own_bytes() -> None:
    assert converted(PHONE).fingerprint.exact == fingerprint_of(PHONE, Limits()).exact


def test_an_opaque_picture_becomes_a_jpeg_and_a_transparent_one_a_png() -> None:
    opaque = files.saved(files.noise(), "AVIF")
    transparent = files.saved(files.noise(mode="RGBA"), "AVIF")
    assert converted(opaque).media.suffix == ".jpg"
    assert converted(transparent).media.suffix == ".png"
    assert image_of(converted(transparent)).mode == "RGBA"


@pytest.mark.parametrize("plugin", ["GIF", "PNG", "WEBP"])
def test_only_the_first_frame_of_an_animation_is_used_and_only_if_wanted(plugin: str) -> None:
    content = files.animated(plugin)
    with pytest.raises(Animated) as caught:
        converted(content)
    assert caught.value.found == f"image/{plugin.lower()}"
    found = converted(content, first_frame=True)
    colours = image_of(found).convert("RGB").getextrema()
    assert colours[0] == pytest.approx((255, 255), abs=20)
    assert colours[1:] == (pytest.approx((0, 0), abs=20),) * 2


def test_the_first_frame_is_wanted_of_a_picture_that_does_not_move() -> None:
    found = inspect_upload(files.picture("JPEG"), Limits(), small_copy=False, first_frame=True)
    assert found.converted is None


@pytest.mark.parametrize("content", [PHONE, files.picture("AVIF"), files.picture("GIF")])
@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(picture_bytes=500), TooLarge),
        (Limits(pixels=10_000, frame_pixels=5_000), TooManyPixels),
        (Limits(min_side=400), TooSmall),
    ],
)
def test_limits_hold_before_anything_is_converted(
    content: bytes, limits: Limits, error: type[UnusableMedia]
) -> None:
    with pytest.raises(error):
        converted(content, limits=limits)


@pytest.mark.parametrize("missing", [1000, 3000, 5000])
@pytest.mark.parametrize("content", [PHONE, files.picture("AVIF"), files.picture("GIF")])
def test_a_file_without_its_end_is_damaged(content: bytes, missing: int) -> None:
    with pytest.raises(Damaged):
        converted(content[:-missing])


def test_an_animated_avif_is_unsupported() -> None:
    with pytest.raises(Unsupported) as caught:
        converted(files.animated("AVIF"))
    assert caught.value.found == "image/avif"


def test_a_header_alone_is_damaged() -> None:
    with pytest.raises(Damaged):
        converted(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
