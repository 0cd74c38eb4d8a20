"""Sample photos of people, small enough for a test."""

import os
from collections.abc import Sequence
from functools import cache

from PIL import Image

from bot.media.types import FaceBox
from tests.media.files import saved
from tests.samples import SAMPLES

# The detector also searches larger pictures in parts, which takes five times as long.
_SIZE = (320, 320)


@cache
def photo(name: str) -> tuple[str, bytes]:
    with Image.open(SAMPLES / f"{name}.jpg") as image:
        return f"{name}.jpg", _small(image)


@cache
def fourth() -> tuple[str, bytes]:
    """The person on the right of the group."""
    with Image.open(SAMPLES / "group.jpg") as image:
        width, height = image.size
        alone = image.crop((round(0.74 * width), round(0.1 * height), width, round(0.7 * height)))
        return "fourth.jpg", _small(alone)


def _small(image: Image.Image) -> bytes:
    image.thumbnail(_SIZE)
    return saved(image, "JPEG", quality=92)


def crash(content: bytes) -> Sequence[FaceBox]:
    """Face detector that ends its process."""
    del content
    os._exit(1)
