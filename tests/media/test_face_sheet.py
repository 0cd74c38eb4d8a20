"""The faces of separate photos on one sheet."""

from io import BytesIO
from itertools import pairwise

import pytest
from PIL import Image, ImageChops

from bot.media.face_sheets.layout import sheet_size, tile_boxes, tiles
from bot.media.face_sheets.sheet import draw
from bot.media.types import FaceBox
from bot.sandbox.operations import find_faces
from tests.harness import MODELS
from tests.media.files import picture, saved
from tests.samples import SAMPLES

MOST = MODELS["faceswap-v3-multifaceswap"].card.faces
FACE = FaceBox(0.4, 0.3, 0.6, 0.7)
# Of a channel, only what is over 150.
LARGE = [0] * 151 + [255] * 105
COLOURS = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), (0, 200, 200)]


def plain(colour: tuple[int, int, int], plugin: str = "PNG") -> bytes:
    return saved(Image.new("RGB", (400, 300), colour), plugin)


def drawn(photos: list[tuple[bytes, list[FaceBox]]]) -> Image.Image:
    return Image.open(BytesIO(draw(photos)))


@pytest.mark.parametrize("count", range(2, MOST + 1))
def test_faces_stand_in_their_order_from_the_left_from_the_top_and_by_size(count: int) -> None:
    found = tiles(count)
    for before, after in pairwise(found):
        assert before.left + before.side < after.left
        assert before.top < after.top
        assert before.side > after.side * 1.1
    assert sheet_size(count)[0] < 2100


def test_each_photo_is_on_its_own_tile() -> None:
    sheet = drawn([(plain(colour), [FACE]) for colour in COLOURS])
    assert sheet.size == sheet_size(len(COLOURS))
    for colour, box in zip(COLOURS, tile_boxes(len(COLOURS)), strict=True):
        middle = (box.left + box.right) / 2 * sheet.width, (box.top + box.bottom) / 2 * sheet.height
        shown = sheet.getpixel((round(middle[0]), round(middle[1])))
        assert isinstance(shown, tuple)
        assert all(abs(one - other) < 12 for one, other in zip(shown, colour, strict=True))


def test_the_face_fills_its_tile_and_the_faces_of_others_are_covered() -> None:
    image = Image.new("RGB", (1000, 1000), "white")
    image.paste("red", (100, 100, 300, 300))
    image.paste("blue", (320, 100, 420, 200))
    boxes = [FaceBox(0.1, 0.1, 0.3, 0.3), FaceBox(0.32, 0.1, 0.42, 0.2)]
    sheet = drawn([(saved(image, "PNG"), boxes), (plain(COLOURS[0]), [FACE])])
    red, _, blue = sheet.crop(tiles(2)[0].box).split()
    # White has both colours, and the cover has half of each.
    only_blue = ImageChops.subtract(blue, red).point(LARGE)
    only_red = ImageChops.subtract(red, blue).point(LARGE)
    assert only_blue.getbbox() is None
    left, top, right, bottom = only_red.getbbox() or (0, 0, 0, 0)
    assert min(right - left, bottom - top) > tiles(2)[0].side * 0.4


@pytest.mark.parametrize("plugin", ["PNG", "JPEG"])
def test_a_photo_without_known_faces_is_shown_whole(plugin: str) -> None:
    sheet = drawn([(picture(plugin, 400, 200), []), (plain(COLOURS[1]), [FACE])])
    first = tiles(2)[0]
    strip = sheet.crop((first.left, first.top, first.left + first.side, first.top + first.side // 5))
    assert strip.getextrema() == ((128, 128),) * 3


def test_a_detector_finds_exactly_the_faces_of_the_photos_from_left_to_right() -> None:
    photos: list[bytes] = []
    for name in "abc":
        with Image.open(SAMPLES / f"face_{name}.jpg") as image:
            photos.append(saved(image.reduce(2), "PNG"))
    sheet = draw([(photo, list(find_faces(photo))) for photo in photos])
    found = find_faces(sheet)
    assert len(found) == len(photos)
    for face, tile in zip(found, tile_boxes(len(photos)), strict=True):
        assert tile.left < face.left < face.right < tile.right
