"""Pictures of many formats, and results with an AI mark."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.faces.photo import Photo, is_picture, read_photo, write_photo
from tests.media import files
from tests.media.marks import is_marked
from tests.sandbox.faces.conftest import Render
from tests.sandbox.faces.scenes import SIDE, clip, couple, encoded, portrait

TURNED_LEFT = 6  # EXIF: the camera was held so that the picture has to be turned right.


def saved(image: Image.Image, kind: str = "png", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
async def test_every_result_says_how_it_was_made_and_nothing_else(
    render: Render, face_b: bytes, kind: str
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    private = encoded(portrait("face_a"), "jpeg", exif=exif, comment=b"taken at home")
    rendering = await render("faceswap-v5", face_b, private, image_format=kind)
    assert rendering.media_type == f"image/{kind}"
    with Image.open(io.BytesIO(rendering.content)) as image:
        assert image.format == kind.upper()
        assert "exif" not in image.info
    assert is_marked(rendering.content)
    assert b"at home" not in rendering.content


async def test_a_photograph_is_turned_upright(render: Render, face_a: bytes) -> None:
    exif = Image.Exif()
    exif[0x0112] = TURNED_LEFT
    lying = np.rot90(couple())
    rendering = await render("faceswap-v5", face_a, encoded(lying, "jpeg", exif=exif, quality=95))
    with Image.open(io.BytesIO(rendering.content)) as image:
        assert image.size == (2 * SIDE, SIDE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F", "I"])
def test_any_mode_becomes_colour_with_eight_bits(mode: str) -> None:
    gray = Image.fromarray(portrait("face_a")).convert("L")
    values = np.asarray(gray)
    match mode:
        case "I;16":
            image = Image.fromarray(values.astype(np.uint16) * 257)
        case "I":
            image = Image.fromarray(values.astype(np.int32) * 257)
        case "F":
            image = Image.fromarray(values.astype(np.float32) / 255)
        case _:
            image = gray.convert("RGB").convert(mode)
    assert image.mode == mode
    content = saved(image, "jpeg" if mode == "YCbCr" else "tiff")
    photo = read_photo(content, "picture")
    assert photo.picture.shape == (SIDE, SIDE, 3)
    assert photo.picture.dtype == np.uint8
    tolerance = 40 if mode == "1" else 8
    assert abs(float(photo.picture.mean()) - float(values.mean())) < tolerance


def test_a_wider_colour_space_is_converted() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    picture = portrait("face_a")
    photo = read_photo(encoded(picture, icc_profile=profile), "picture")
    assert np.abs(photo.picture.astype(int) - picture).max() <= 2
    broken = read_photo(encoded(picture, icc_profile=b"broken"), "picture")
    assert np.array_equal(broken.picture, picture)


async def test_a_see_through_target_stays_so_where_the_format_can(render: Render, face_a: bytes) -> None:
    alpha = np.full((SIDE, SIDE), 255, np.uint8)
    alpha[:40] = 0
    target = saved(Image.fromarray(np.dstack([portrait("face_b"), alpha])))
    kept = await render("faceswap-v5", face_a, target, image_format="png")
    with Image.open(io.BytesIO(kept.content)) as image:
        assert np.array_equal(np.asarray(image.getchannel("A")), alpha)
    flat = await render("faceswap-v5", face_a, target, image_format="jpeg")
    with Image.open(io.BytesIO(flat.content)) as image:
        assert np.asarray(image)[:30].min() > 245


async def test_a_see_through_source_is_laid_on_white(render: Render, face_b: bytes) -> None:
    alpha = np.full((SIDE, SIDE), 255, np.uint8)
    alpha[:10] = 0
    source = saved(Image.fromarray(np.dstack([portrait("face_a"), alpha])))
    assert (await render("faceswap-v5", source, face_b)).local["faces_swapped"] == 1


def test_an_opaque_alpha_channel_is_none() -> None:
    assert read_photo(saved(Image.fromarray(couple()).convert("RGBA")), "picture").alpha is None


async def test_of_an_animation_the_first_frame_is_used_and_it_is_an_error(
    render: Render, face_a: bytes
) -> None:
    shots = [Image.fromarray(portrait(name)) for name in ("face_b", "face_c")]
    animation = saved(shots[0], "gif", save_all=True, append_images=shots[1:])
    rendering = await render("ai-face-swap", face_a, animation)
    assert rendering.media_type == "image/png"
    assert "first frame" in rendering.local["warnings"][0]


def test_a_decompression_bomb_is_refused_by_its_header() -> None:
    for side in (5000, 10_000, 14_000):
        bomb = files.png_bomb(side, side)
        assert len(bomb) < 100_000
        with pytest.raises(CannotSwap, match="20 million pixels"):
            read_photo(bomb, "target picture")
        assert is_picture(bomb)


def test_a_speck_is_refused() -> None:
    with pytest.raises(CannotSwap, match="only 8 by 9 pixels"):
        read_photo(saved(Image.new("RGB", (8, 9))), "source picture")


@pytest.mark.parametrize("content", [b"nothing of the kind", b"\x89PNG\r\n\x1a\n", b"<svg/>"])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(CannotSwap, match="The source picture is not a picture"):
        read_photo(content, "source picture")


def test_half_a_picture_is_refused() -> None:
    whole = encoded(couple(), "jpeg")
    with pytest.raises(CannotSwap, match="damaged"):
        read_photo(whole[: len(whole) // 2], "source picture")


def test_a_video_is_no_picture() -> None:
    assert not is_picture(clip([couple()]))


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_quality_costs_bytes(kind: str) -> None:
    photo = Photo(couple())
    sizes = [len(write_photo(photo, kind, quality)) for quality in (10, 50, 100)]
    assert sizes == sorted(sizes)
    assert sizes[0] * 2 < sizes[2]
