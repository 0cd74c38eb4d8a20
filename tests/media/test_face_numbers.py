"""The preview with a number on each face."""

from io import BytesIO

from PIL import Image

from bot.media.face_numbers import PANEL, draw
from bot.media.types import FaceBox
from tests.media.files import picture, saved


def test_a_preview_shows_both_pictures_side_by_side_with_a_label_on_each_face() -> None:
    plain = saved(Image.new("RGB", (2000, 1000), "white"), "JPEG")
    drawn = draw([(plain, [FaceBox(0.25, 0.25, 0.5, 0.75)]), (picture("PNG"), [])])
    shown = Image.open(BytesIO(drawn)).convert("RGB")
    assert shown.width > PANEL > shown.height
    inside, edge = shown.getpixel((300, 200)), shown.getpixel((PANEL // 4 + 60, 100))
    assert inside == (255, 255, 255)
    assert edge != (255, 255, 255)
