"""Fingerprints: they recognise copies, and tell other pictures apart."""

import random
from io import BytesIO

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from bot.media import probe
from bot.media.fingerprints import Fingerprint, format_hash, parse_hash
from bot.media.types import Limits
from tests.media.files import noise, picture, saved, video, with_orientation

DISTANCE = 6


def fingerprint_of(content: bytes) -> Fingerprint:
    return probe.fingerprint_of(content, Limits())


def scene(seed: int) -> Image.Image:
    """Picture that resembles a photograph: soft, with light and dark areas."""
    generator = random.Random(seed)
    small = Image.frombytes("RGB", (9, 9), generator.randbytes(9 * 9 * 3))
    return small.resize((216, 192), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(4))


def resembles(one: Fingerprint, other: Fingerprint) -> bool:
    return one.resembles(other.dhashes, DISTANCE)


SCENE = scene(1)
ORIGINAL = fingerprint_of(saved(SCENE, "PNG"))
COPIES = {
    "in another format": saved(SCENE, "JPEG", quality=40),
    "half as large": saved(SCENE.resize((108, 96)), "WEBP", quality=60),
    "a little brighter": saved(ImageEnhance.Brightness(SCENE).enhance(1.1), "PNG"),
    "without colours": saved(SCENE.convert("L"), "PNG"),
    "with a narrow frame cut off": saved(SCENE.crop((3, 3, 213, 189)), "JPEG"),
    "with transparency": saved(SCENE.convert("RGBA"), "PNG"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_resembles_the_original(copy: str) -> None:
    found = fingerprint_of(COPIES[copy])
    assert found.exact != ORIGINAL.exact
    assert resembles(found, ORIGINAL)


def test_other_pictures_do_not_resemble_the_original() -> None:
    others = [fingerprint_of(saved(scene(seed), "PNG")) for seed in range(2, 18)]
    assert [seed for seed, other in enumerate(others, 2) if resembles(other, ORIGINAL)] == []


def test_a_plain_surface_has_no_difference_hash() -> None:
    assert fingerprint_of(saved(Image.new("RGB", (64, 64), "white"), "PNG")).dhashes == ()


def test_the_exif_orientation_is_applied_before_hashing() -> None:
    upright = fingerprint_of(saved(noise().transpose(Image.Transpose.ROTATE_180), "PNG"))
    assert resembles(fingerprint_of(with_orientation("JPEG", 3)), upright)


def test_a_video_resembles_a_copy_in_another_format() -> None:
    one, other = fingerprint_of(video()), fingerprint_of(video("webm", "libvpx-vp9"))
    assert one.exact != other.exact
    assert resembles(one, other)
    assert not resembles(one, ORIGINAL)


@pytest.mark.parametrize("content", [b"", b"words", picture("PNG")[:60]])
def test_an_unreadable_file_has_no_difference_hash(content: bytes) -> None:
    found = fingerprint_of(content)
    assert found.dhashes == ()
    assert len(bytes.fromhex(found.exact)) == 32


def test_a_hash_survives_a_round_trip_through_text() -> None:
    assert all(parse_hash(format_hash(bits)) == bits for bits in (0, 2**64 - 1, *ORIGINAL.dhashes))


def test_a_picture_with_16_bits_a_pixel_has_a_difference_hash() -> None:
    file = BytesIO()
    deep = SCENE.convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    deep.save(file, "PNG")
    assert resembles(fingerprint_of(file.getvalue()), ORIGINAL)
