"""Draws pictures side by side, with a number on each face."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from bot.media import picture, sniff
from bot.media.types import FaceBox

PANEL = 800
"""Side of the square into which each picture fits."""
_GAP = 16
_QUALITY = 85
_DIGITS, _FRAME, _BACKGROUND = "white", "#5865f2", "#2b2d31"


def draw(pictures: Sequence[tuple[bytes, Sequence[FaceBox]]]) -> bytes:
    panels = [_panel(content, face_boxes) for content, face_boxes in pictures]
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, max(panel.height for panel in panels)), _BACKGROUND)
    left = 0
    for panel in panels:
        sheet.paste(panel, (left, 0))
        left += panel.width + _GAP
    result = BytesIO()
    sheet.save(result, "JPEG", quality=_QUALITY)
    return result.getvalue()


def _panel(content: bytes, face_boxes: Sequence[FaceBox]) -> Image.Image:
    image = picture.eight_bits(picture.upright(content, sniff.media_type(content))).convert("RGB")
    image.thumbnail((PANEL, PANEL))
    drawing = ImageDraw.Draw(image)
    for number, face in enumerate(face_boxes, start=1):
        left, top = face.left * image.width, face.top * image.height
        right, bottom = face.right * image.width, face.bottom * image.height
        drawing.rectangle((left, top, right, bottom), outline=_FRAME, width=max(2, image.width // 250))
        font = ImageFont.load_default(max(14.0, min(right - left, bottom - top) / 3))
        label = drawing.textbbox((left, top), str(number), font=font)
        drawing.rectangle((label[0] - 4, label[1] - 4, label[2] + 4, label[3] + 4), fill=_FRAME)
        drawing.text((left, top), str(number), fill=_DIGITS, font=font)
    return image
