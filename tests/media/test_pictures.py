"""Inspection of pictures: accepted formats, limits, and the errors of the others."""

import struct

import pytest
from PIL import Image

from bot.media.probe import inspect
from bot.media.types import (
    Animated,
    Damaged,
    Limits,
    Media,
    TooLarge,
    TooManyPixels,
    TooSmall,
    Truncated,
    Unrecognised,
    Unsupported,
    UnusableMedia,
)
from bot.media_kind import MediaKind
from tests.media import files

LIMITS = Limits()
ACCEPTED = [("PNG", "image/png", ".png"), ("JPEG", "image/jpeg", ".jpg"), ("WEBP", "image/webp", ".webp")]
PLUGINS = [plugin for plugin, _, _ in ACCEPTED]


@pytest.mark.parametrize(("plugin", "media_type", "suffix"), ACCEPTED)
def test_a_picture_is_described_by_its_bytes(plugin: str, media_type: str, suffix: str) -> None:
    content = files.picture(plugin)
    assert inspect(content, LIMITS) == Media(MediaKind.PICTURE, media_type, suffix, len(content), 96, 72)


@pytest.mark.parametrize(
    ("plugin", "mode", "options"),
    [
        ("PNG", "1", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("PNG", "LA", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "I;16", {}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "RGB", {"comment": b"made by a camera"}),
        ("JPEG", "RGB", {"icc_profile": b"not quite a profile"}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGB", {"lossless": True, "icc_profile": b"not quite a profile"}),
    ],
)
def test_every_usual_pixel_format_is_accepted(plugin: str, mode: str, options: dict[str, object]) -> None:
    image = (
        files.noise(40, 40).convert("L").convert(mode)
        if mode == "I;16"
        else files.noise(40, 40).convert(mode)
    )
    media = inspect(files.saved(image, plugin, **options), LIMITS)
    assert (media.width, media.height) == (40, 40)


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_as_displayed(plugin: str, orientation: int) -> None:
    media = inspect(files.with_orientation(plugin, orientation), LIMITS)
    assert (media.width, media.height) == ((72, 96) if orientation >= 5 else (96, 72))


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"XX*\0\0\0\0\x08",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIHH", 0x0110, 2, 1, 65, 0) * 2,
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, 9, 0),
    ],
)
def test_invalid_exif_is_ignored(exif: bytes) -> None:
    content = files.saved(files.noise(), "WEBP", exif=exif)
    assert inspect(content, LIMITS).width == 96


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("missing", [1, 2, 5, 9, 12, 40, 400, 3000])
def test_a_picture_without_its_end_is_truncated(plugin: str, missing: int) -> None:
    with pytest.raises(Truncated) as caught:
        inspect(files.picture(plugin)[:-missing], LIMITS)
    assert caught.value.found.startswith("image/")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_picture_of_which_only_the_beginning_arrived_is_truncated(plugin: str) -> None:
    content = files.picture(plugin)
    for length in (16, 22, 30):
        with pytest.raises(Truncated):
            inspect(content[:length], LIMITS)


@pytest.mark.parametrize("plugin", ["PNG", "JPEG"])
def test_bytes_behind_the_end_are_ignored(plugin: str) -> None:
    assert inspect(files.picture(plugin) + b"a phone's own notes", LIMITS).width == 96


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (files.picture("BMP"), "image/bmp"),
        (files.picture("TIFF"), "image/tiff"),
        (files.picture("JPEG2000"), "image/jp2"),
        (files.wav(), "audio/wav"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a drawing -->\n<svg/>", "image/svg+xml"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        (b"\xff\x0a\xfa\x7f", "image/jxl"),
    ],
)
def test_an_unsupported_format_is_named(content: bytes, found: str) -> None:
    with pytest.raises(Unsupported) as caught:
        inspect(content, LIMITS)
    assert caught.value.found == found


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "nothing"),
        (b"hello, this is face.png\r\n", "text"),
        ("ein Gesicht, größer als sonst ".encode() * 40, "text"),
        (b"  \n<!DOCTYPE html><title>Not found</title>", "html"),
        (b"<HTML><body>504", "html"),
        (b"<head>", "html"),
        (b"\x00\x01\x02\x03\x04\x05", "unknown"),
        (bytes(range(256)), "unknown"),
        (b"RIFF\x10\0\0\0ACONanih", "unknown"),
    ],
)
def test_a_file_that_is_no_picture_is_unrecognised(content: bytes, found: str) -> None:
    with pytest.raises(Unrecognised) as caught:
        inspect(content, LIMITS)
    assert caught.value.found == found


@pytest.mark.parametrize("plugin", ["PNG", "WEBP"])
def test_an_animation_raises_animated(plugin: str) -> None:
    with pytest.raises(Animated) as caught:
        inspect(files.animated(plugin), LIMITS)
    assert caught.value.found == f"image/{plugin.lower()}"


def test_a_file_may_be_exactly_as_large_as_allowed() -> None:
    content = files.picture("PNG")
    assert inspect(content, Limits(picture_bytes=len(content))).size == len(content)
    with pytest.raises(TooLarge) as caught:
        inspect(content, Limits(picture_bytes=len(content) - 1))
    assert (caught.value.size, caught.value.limit) == (len(content), len(content) - 1)


def test_a_picture_may_have_exactly_as_many_pixels_as_allowed() -> None:
    content = files.picture("JPEG")
    assert inspect(content, Limits(pixels=96 * 72)).width == 96
    with pytest.raises(TooManyPixels) as caught:
        inspect(content, Limits(pixels=96 * 72 - 1))
    assert (caught.value.width, caught.value.height, caught.value.limit) == (96, 72, 96 * 72 - 1)


def test_a_picture_may_be_exactly_as_small_as_allowed() -> None:
    content = files.picture("WEBP")
    assert inspect(content, Limits(min_side=72)).height == 72
    with pytest.raises(TooSmall) as caught:
        inspect(content, Limits(min_side=73))
    assert (caught.value.width, caught.value.height, caught.value.limit) == (96, 72, 73)


def test_pillows_own_limit_applies_if_it_is_lower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(TooManyPixels) as caught:
        inspect(files.picture("PNG"), LIMITS)
    assert caught.value.limit == 1000


def test_pillows_own_limit_may_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert inspect(files.picture("PNG"), LIMITS).width == 96


def test_inspecting_changes_none_of_pillows_settings() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(UnusableMedia):
        inspect(files.png_bomb(), LIMITS)
    assert before == Image.MAX_IMAGE_PIXELS


def test_all_errors_have_one_base() -> None:
    assert issubclass(Truncated, Damaged)
    assert issubclass(Animated, Unsupported)
    assert all(
        issubclass(caught, UnusableMedia)
        for caught in (Damaged, Unsupported, Unrecognised, TooLarge, TooManyPixels, TooSmall)
    )
