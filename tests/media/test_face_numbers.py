"""The preview with a number on each face."""

from io import BytesIO

import pytest
from PIL import Image

from bot.media.face_sheets.layout import tile_boxes
from bot.media.face_sheets.numbers import PANEL, draw
from bot.media.face_sheets.sheet import draw as draw_sheet
from bot.media.types import FaceBox
from tests.media.files import picture, saved


def test_a_preview_shows_both_pictures_side_by_side_with_a_label_on_each_face() -> None:
    plain = saved(Image.new("RGB", (2000, 1000), "white"), "JPEG")
    drawn = draw(plain, [FaceBox(0.25, 0.25, 0.5, 0.75)], picture("PNG"), [], sheet=False)
    shown = Image.open(BytesIO(drawn)).convert("RGB")
    assert shown.width > PANEL > shown.height
    inside, edge = shown.getpixel((300, 200)), shown.getpixel((PANEL // 4 + 60, 100))
    assert inside == (255, 255, 255)
    assert edge != (255, 255, 255)


@pytest.mark.parametrize(("count", "rows", "columns"), [(2, 1, 2), (4, 2, 2), (5, 2, 3)])
def test_the_faces_of_a_sheet_are_as_large_as_they_fit(count: int, rows: int, columns: int) -> None:
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0), (0, 200, 200)][:count]
    photos = [saved(Image.new("RGB", (300, 300), colour), "PNG") for colour in colours]
    sheet = draw_sheet([(photo, []) for photo in photos])
    drawn = draw(sheet, tile_boxes(count), picture("PNG"), [], sheet=True)
    shown = Image.open(BytesIO(drawn)).convert("RGB")
    side = PANEL // columns
    assert shown.height == pytest.approx(rows * side, abs=20)
    for number, colour in enumerate(colours):
        row, column = divmod(number, columns)
        middle = shown.getpixel((round((column + 0.6) * side), round((row + 0.6) * side)))
        assert isinstance(middle, tuple)
        assert all(abs(one - other) < 20 for one, other in zip(middle, colour, strict=True))
