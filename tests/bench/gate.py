"""Lets the safety gate judge pictures that are harmless.

python -m tests.bench.gate
"""

import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from bot.media.safety_gate.network import SIDE, classify
from tests.samples import SAMPLES

DOCS = Path(__file__).parents[2] / "docs/pictures"


def main() -> None:
    data = Path(skimage.data.__file__).parent
    paths = [*SAMPLES.glob("*.jpg"), *DOCS.glob("*.png"), *data.glob("*.[jp][pn]g")]
    for path in sorted(paths, key=lambda each: each.name):
        with Image.open(path) as image:
            small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
        found = classify(np.asarray(small, np.float32) / np.float32(255))
        sys.stdout.write(f"{found['porn'] + found['hentai']:.2f} {path.name}\n")


if __name__ == "__main__":
    main()
