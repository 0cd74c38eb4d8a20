"""Lets the safety gate judge pictures that are harmless.

python -m tests.bench.gate
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from bot.media.safety_gate.network import SIDE, classify
from tests.corpora import photographs
from tests.samples import SAMPLES

DOCS = Path(__file__).parents[2] / "docs/pictures"


def main() -> None:
    with photographs() as others:
        judge([*SAMPLES.glob("*.jpg"), *DOCS.glob("*.png"), *others])


def judge(paths: Iterable[Path]) -> None:
    for path in sorted(paths, key=lambda each: each.name):
        with Image.open(path) as image:
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        found = classify(np.asarray(small, np.float32) / np.float32(255))
        sys.stdout.write(f"{found['porn'] + found['hentai']:.2f} {path.name}\n")


if __name__ == "__main__":
    main()
