"""Measures the watermark: how often it is read after what happens to pictures, and where there is none.

    python -m tests.bench.marks [FILE ...]

The pictures are the sandbox's samples and scikit-image's, and parts of them at several sizes. With files, it
only looks for marks in these, which never had one.
"""

import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageStat

from bot.media.marks.choice import Marks
from bot.media.marks.pixels import mark_image
from bot.media.watermark.code import MarkCode
from bot.media.watermark.detect import Reading, detect
from tests.corpora import photographs
from tests.media import reencoding
from tests.media.files import saved
from tests.samples import SAMPLES

CODE = MarkCode.of("0123", 1_800_000_000)
UNMARKED = 500
_SMALLEST, _LARGEST = 300, 1400


def main(files: Sequence[str]) -> None:
    if files:
        return say_unmarked(map(Path, files))
    pictures = list(originals())
    marked = [mark_image(picture, Marks(CODE)) for picture in pictures]
    noise = [distance(*both) for both in zip(pictures, marked, strict=True)]
    say(f"{len(pictures)} pictures, PSNR {min(noise):.1f} to {max(noise):.1f} dB")
    for process in (reencoding.unchanged, *reencoding.ALL):
        found = [detect([opened(process(picture))]).code for picture in marked]
        say(f"{process.__name__}: {sum(code == CODE for code in found)}, wrong {wrong(found)}")
    parts = list(islice(unmarked(pictures), UNMARKED))
    say_readings([detect([part]) for part in parts])
    return None


def say_unmarked(paths: Iterable[Path]) -> None:
    readings: list[Reading] = []
    for path in paths:
        with Image.open(path) as image:
            # As the bot opens pictures.
            image.thumbnail((_LARGEST, _LARGEST))
            readings.append(detect([image.convert("RGB")]))
        say(f"{readings[-1].score:.1f} {readings[-1].code} {path.name}")
    say_readings(readings)


def say_readings(readings: Sequence[Reading]) -> None:
    read = sum(reading.code is not None for reading in readings)
    say(f"never marked: {len(readings)}, read as marked {read}")
    say(f"highest score without a mark: {max(reading.score for reading in readings):.1f}")


def originals() -> Iterator[Image.Image]:
    with photographs() as others:
        yield from usable([*SAMPLES.glob("*.jpg"), *others])


def usable(files: Iterable[Path]) -> Iterator[Image.Image]:
    for path in sorted(files):
        with Image.open(path) as image:
            # A mask or an icon is no picture that a member would swap faces in.
            if min(image.size) >= _SMALLEST and image.mode in {"RGB", "L"}:
                yield image.convert("RGB")


def unmarked(pictures: list[Image.Image]) -> Iterator[Image.Image]:
    """Yield parts of pictures, as JPEG."""
    chance = random.Random(7)
    while True:
        picture = chance.choice(pictures)
        width, height = (round(side * chance.uniform(0.4, 1)) for side in picture.size)
        left, top = chance.randint(0, picture.width - width), chance.randint(0, picture.height - height)
        part = picture.crop((left, top, left + width, top + height))
        factor = chance.uniform(_SMALLEST, _LARGEST) / max(part.size)
        scaled = part.resize((max(1, round(width * factor)), max(1, round(height * factor))))
        yield opened(saved(scaled, "JPEG", quality=chance.randint(50, 95)))


def wrong(found: list[MarkCode | None]) -> int:
    return sum(code not in {None, CODE} for code in found)


def distance(one: Image.Image, other: Image.Image) -> float:
    mean = np.mean(np.square(ImageStat.Stat(ImageChops.difference(one, other)).rms))
    return float(10 * np.log10(255**2 / mean))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def opened(content: bytes) -> Image.Image:
    with Image.open(BytesIO(content)) as image:
        return image.convert("RGB")


if __name__ == "__main__":
    main(sys.argv[1:])
