"""Where faces are in pictures, numbered for people to tell them apart (pure but for Pillow)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont

from bot.media import picture, sniff
from bot.models import MAX_FACE_INDEXES

PANEL = 800
"""Each picture of a preview fits into a square of this side."""
_GAP = 16
_QUALITY = 85
_INK, _PAPER, _EDGE = "white", "#5865f2", "#2b2d31"


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A face, by fractions of the width and the height of its picture."""

    left: float
    top: float
    right: float
    bottom: float


class FaceDetector(Protocol):
    def __call__(self, content: bytes) -> Sequence[FaceBox]:
        """The faces of a picture from left to right; none where it finds none."""
        ...


class BadPairs(Exception):
    """What was typed names no faces that there are; what the two pictures have, and what could be typed."""

    def __init__(self, sources: int, targets: int) -> None:
        super().__init__(sources, targets)
        self.sources = sources
        self.targets = targets
        self.example = format_pairs(default_pairs(sources, targets))


@dataclass(frozen=True, slots=True)
class Pair:
    """One face of the first picture, and the one of the second that it takes the place of; both from 1 on."""

    source: int
    target: int


def default_pairs(sources: int, targets: int) -> list[Pair]:
    """The first on the first, and so on; one face alone goes on all of them."""
    if sources == 1:
        return [Pair(1, number) for number in range(1, min(targets, MAX_FACE_INDEXES) + 1)]
    return [Pair(number, number) for number in range(1, min(sources, targets, MAX_FACE_INDEXES) + 1)]


def format_pairs(pairs: Sequence[Pair]) -> str:
    return ", ".join(f"{pair.source} > {pair.target}" for pair in pairs)


def parse_pairs(words: str, sources: int, targets: int) -> list[Pair]:
    """`1 > 2, 2 > 1`, whichever way the numbers are set apart."""
    numbers = [int(number) for number in re.findall(r"\d{1,3}", words)]
    pairs = [Pair(*both) for both in zip(numbers[::2], numbers[1::2], strict=False)]
    there = all(1 <= pair.source <= sources and 1 <= pair.target <= targets for pair in pairs)
    if not pairs or len(numbers) % 2 or not there or len({pair.target for pair in pairs}) < len(pairs):
        raise BadPairs(sources, targets)
    return pairs


def preview(parts: Sequence[tuple[bytes, Sequence[FaceBox]]]) -> bytes:
    """The pictures side by side, smaller, with a number on each face."""
    panels = [_panel(content, face_boxes) for content, face_boxes in parts]
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, max(panel.height for panel in panels)), _EDGE)
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
    for number, spot in enumerate(face_boxes, start=1):
        box = (
            spot.left * image.width,
            spot.top * image.height,
            spot.right * image.width,
            spot.bottom * image.height,
        )
        drawing.rectangle(box, outline=_PAPER, width=max(2, image.width // 250))
        size = max(14.0, min(box[2] - box[0], box[3] - box[1]) / 3)
        font = ImageFont.load_default(size)
        label = drawing.textbbox((box[0], box[1]), str(number), font=font)
        drawing.rectangle((label[0] - 4, label[1] - 4, label[2] + 4, label[3] + 4), fill=_PAPER)
        drawing.text((box[0], box[1]), str(number), fill=_INK, font=font)
    return image
