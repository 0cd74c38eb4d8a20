"""Draws a sheet of faces."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw

from bot.media import picture, sniff
from bot.media.face_sheets.layout import Square, face_square, sheet_size, tiles, whole_square
from bot.media.types import FaceBox

_QUALITY = 95
_BACKGROUND = "#808080"


def draw(photos: Sequence[tuple[bytes, Sequence[FaceBox]]]) -> bytes:
    """Put the largest face of each photo on a tile; a photo without known faces as a whole."""
    sheet = Image.new("RGB", sheet_size(len(photos)), _BACKGROUND)
    for (content, faces), tile in zip(photos, tiles(len(photos)), strict=True):
        image = _opaque(picture.upright(content, sniff.media_type(content)))
        square = _prepare(image, faces) if faces else whole_square(image.size)
        sheet.paste(_cut(image, square).resize((tile.side, tile.side), Image.Resampling.LANCZOS), tile.box)
    result = BytesIO()
    sheet.save(result, "JPEG", quality=_QUALITY, subsampling=0)
    return result.getvalue()


def _prepare(image: Image.Image, faces: Sequence[FaceBox]) -> Square:
    """Cover all faces but the largest, which the model would count, and return the square around that."""
    *others, largest = sorted((_pixels(face, image.size) for face in faces), key=_area)
    kept = image.crop(largest)
    drawing = ImageDraw.Draw(image)
    for other in others:
        drawing.rectangle(other, fill=_BACKGROUND)
    image.paste(kept, largest)
    return face_square(largest)


def _cut(image: Image.Image, square: Square) -> Image.Image:
    cut = Image.new("RGB", (square.side, square.side), _BACKGROUND)
    cut.paste(image, (-square.left, -square.top))
    return cut


def _opaque(image: Image.Image) -> Image.Image:
    converted = picture.converted(image).convert("RGBA")
    background = Image.new("RGBA", converted.size, "white")
    return Image.alpha_composite(background, converted).convert("RGB")


def _pixels(face: FaceBox, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    return (
        round(face.left * width),
        round(face.top * height),
        round(face.right * width),
        round(face.bottom * height),
    )


def _area(box: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = box
    return (right - left) * (bottom - top)
