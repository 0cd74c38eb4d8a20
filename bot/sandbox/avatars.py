"""Avatars of the simulated Discord, which SimCord has no means for."""

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from simcord.backend.cdn import CdnStore

SAMPLES = Path(__file__).with_name("samples")
LOGO = Path(__file__).parent / "page" / "avatar.png"

# Sample and box of each face.
PORTRAITS: Mapping[str, tuple[str, tuple[int, int, int, int]]] = {
    "robin": ("astronaut.jpg", (150, 0, 410, 260)),
    "ada": ("admiral.jpg", (170, 80, 490, 400)),
    "mika": ("navigator.jpg", (230, 0, 490, 260)),
}
BOT = "doppel"


class AvatarCdn(CdnStore):
    """CDN that also has the avatars, at the addresses of Discord and of SimCord."""

    def get(self, url: str) -> bytes | None:
        path = Path(urlsplit(url).path)
        if path.parts[1:2] != ("avatars",):
            return super().get(url)
        return _logo() if path.stem == BOT else _portrait(path.stem)


@cache
def _logo() -> bytes:
    return LOGO.read_bytes()


@cache
def _portrait(name: str) -> bytes | None:
    if name not in PORTRAITS:
        return None
    sample, box = PORTRAITS[name]
    output = BytesIO()
    with Image.open(SAMPLES / sample) as picture:
        picture.crop(box).resize((256, 256), Image.Resampling.LANCZOS).save(output, "PNG")
    return output.getvalue()
