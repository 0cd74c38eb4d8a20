"""Draws pictures side by side, with a number on each face."""

from collections.abc import Sequence
from io import BytesIO
from math import ceil, sqrt

from PIL import Image, ImageDraw, ImageFont

from bot.media import picture, sniff
from bot.media.types import FaceBox

PANEL = 800
"""Side of the square into which each picture fits."""
_GAP = 16
_QUALITY = 85
# Discord shows the picture at about half its size.
_SMALLEST = 28.0
_DIGITS, _FRAME, _BACKGROUND = "white", "#5865f2", "#2b2d31"


def draw(
    source: bytes, faces: Sequence[FaceBox], target: bytes, places: Sequence[FaceBox], *, sheet: bool
) -> bytes:
    """Number the faces of the source, on the left, and of the target. Those of a `sheet` are its tiles."""
    panels = [_tiles(source, faces) if sheet else _panel(source, faces), _panel(target, places)]
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    drawn = Image.new("RGB", (width, max(panel.height for panel in panels)), _BACKGROUND)
    left = 0
    for panel in panels:
        drawn.paste(panel, (left, 0))
        left += panel.width + _GAP
    result = BytesIO()
    drawn.save(result, "JPEG", quality=_QUALITY)
    return result.getvalue()


def _panel(content: bytes, faces: Sequence[FaceBox]) -> Image.Image:
    image = _opened(content)
    image.thumbnail((PANEL, PANEL))
    drawing = ImageDraw.Draw(image)
    for number, face in enumerate(faces, start=1):
        box = _pixels(face, image)
        drawing.rectangle(box, outline=_FRAME, width=max(2, image.width // 250))
        _write(drawing, number, box)
    return image


def _tiles(content: bytes, tiles: Sequence[FaceBox]) -> Image.Image:
    """The tiles of a sheet in rows and at one size, because in their own row they would be small."""
    image = _opened(content)
    columns = ceil(sqrt(len(tiles)))
    side = (PANEL - _GAP * (columns - 1)) // columns
    rows = ceil(len(tiles) / columns)
    panel = Image.new("RGB", (PANEL, rows * (side + _GAP) - _GAP), _BACKGROUND)
    drawing = ImageDraw.Draw(panel)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        left, top = column * (side + _GAP), row * (side + _GAP)
        cut = image.crop(_pixels(tile, image))
        panel.paste(cut.resize((side, side), Image.Resampling.LANCZOS), (left, top))
        _write(drawing, number + 1, (left, top, left + side, top + side))
    return panel


def _opened(content: bytes) -> Image.Image:
    return picture.eight_bits(picture.upright(content, sniff.media_type(content))).convert("RGB")


def _pixels(box: FaceBox, image: Image.Image) -> tuple[float, float, float, float]:
    width, height = image.size
    return box.left * width, box.top * height, box.right * width, box.bottom * height


def _write(drawing: ImageDraw.ImageDraw, number: int, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    fitting = min(right - left, bottom - top, PANEL / 4) / 3
    size = max(_SMALLEST, fitting)
    if size > fitting:
        # Inside, it would cover the face.
        top = max(0.0, top - 1.4 * size)
    font = ImageFont.load_default(size)
    label = drawing.textbbox((left + 4, top), str(number), font=font)
    drawing.rectangle((label[0] - 4, label[1] - 4, label[2] + 4, label[3] + 4), fill=_FRAME)
    drawing.text((left + 4, top), str(number), fill=_DIGITS, font=font)
