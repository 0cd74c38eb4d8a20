"""Detected faces, a preview with a number on each, and the pairs of numbers that members type."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

from bot.media import picture, sniff
from bot.models import MAX_FACE_INDEXES

PANEL = 800
"""Side of the square into which each picture of a preview fits."""
_GAP = 16
_QUALITY = 85
_DIGITS, _FRAME, _BACKGROUND = "white", "#5865f2", "#2b2d31"


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Position of a face, in fractions of the width and height of its picture."""

    left: float
    top: float
    right: float
    bottom: float


class FaceDetector(Protocol):
    """Finds faces in a picture."""

    def __call__(self, content: bytes) -> Sequence[FaceBox]:
        """Return the faces from left to right."""
        ...


class BadPairs(Exception):
    """The member typed face numbers that the two pictures do not have; `example` is valid input."""

    def __init__(self, sources: int, targets: int) -> None:
        super().__init__(sources, targets)
        self.sources = sources
        self.targets = targets
        self.example = format_pairs(default_pairs(sources, targets))


@dataclass(frozen=True, slots=True)
class Pair:
    """A face of the first picture and the face of the second that it replaces, numbered from 1."""

    source: int
    target: int


def default_pairs(sources: int, targets: int) -> list[Pair]:
    """Pair the faces in order; a single source replaces every target."""
    if sources == 1:
        return [Pair(1, number) for number in range(1, min(targets, MAX_FACE_INDEXES) + 1)]
    return [Pair(number, number) for number in range(1, min(sources, targets, MAX_FACE_INDEXES) + 1)]


def format_pairs(pairs: Sequence[Pair]) -> str:
    return ", ".join(f"{pair.source} > {pair.target}" for pair in pairs)


def parse_pairs(text: str, sources: int, targets: int) -> list[Pair]:
    """Parse pairs such as `1 > 2, 2 > 1`, with any separators between the numbers."""
    numbers = [int(number) for number in re.findall(r"\d{1,3}", text)]
    pairs = [Pair(*both) for both in zip(numbers[::2], numbers[1::2], strict=False)]
    exist = all(1 <= pair.source <= sources and 1 <= pair.target <= targets for pair in pairs)
    if not pairs or len(numbers) % 2 or not exist or len({pair.target for pair in pairs}) < len(pairs):
        raise BadPairs(sources, targets)
    return pairs


def preview(pictures: Sequence[tuple[bytes, Sequence[FaceBox]]]) -> bytes:
    """Draw the pictures side by side and smaller, with a number on each face."""
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
