"""An order of each command, with small copies of the samples."""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bot.sandbox.avatars import SAMPLES
from tests.sandbox.faces.scenes import sample_clip

CLIP_WIDTH = 640


class Trial(NamedTuple):
    """A command to send, and the type of its result."""

    command: str
    files: dict[str, Path]
    options: dict[str, str]
    makes: str


def trials(folder: Path) -> list[Trial]:
    """Return an order of each command; `folder` keeps its files."""
    group = _half("group.jpg", folder)
    face = {"source_image": _half("astronaut.jpg", folder)}
    two = {**face, "target_image": _half("admiral.jpg", folder)}
    return [
        # The longest job comes first, so that the others run meanwhile.
        Trial(
            "ai-face-swap",
            {**face, "target": _short_clip(folder)},
            {},
            "video/mp4",
        ),
        Trial("faceswap-v4", two, {"swap_type": "face"}, "image/png"),
        Trial("faceswap-v5", two, {"quality": "80"}, "image/png"),
        Trial("faceswap-comic", {**two, "target_image": _half("painting.jpg", folder)}, {}, "image/jpeg"),
        Trial(
            "faceswap-v3-multifaceswap",
            {"source_img": group, "target_img": group},
            {"source_faces_index": "0,1", "input_faces_index": "1,0", "image_format": "webp"},
            "image/webp",
        ),
    ]


def _half(name: str, folder: Path) -> Path:
    with Image.open(SAMPLES / name) as picture:
        picture.reduce(2).save(folder / name)
    return folder / name


def _short_clip(folder: Path) -> Path:
    path = folder / "short.mp4"
    path.write_bytes(sample_clip(0.25))
    return path
