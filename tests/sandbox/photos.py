"""Small copies of the samples for orders, because each is uploaded, checked, swapped, marked and shown."""

from functools import cache
from io import BytesIO

from PIL import Image

from bot.sandbox.avatars import SAMPLES
from bot.sandbox.welcome import FACE, TARGET


@cache
def small(name: str) -> bytes:
    """Return a sample with half of its width and height."""
    file = BytesIO()
    with Image.open(SAMPLES / name) as image:
        image.reduce(2).save(file, "JPEG", quality=90)
    return file.getvalue()


def face_and_target(target: str = TARGET) -> dict[str, tuple[str, bytes]]:
    """Return the files of an order with two pictures; the target may have another name."""
    return {"source_image": (FACE, small(FACE)), "target_image": (target, small(TARGET))}
