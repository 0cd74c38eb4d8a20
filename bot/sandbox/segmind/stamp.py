"""Engine for tests: returns the target with a stamp, without the face engine."""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from bot.media import sniff
from bot.media.types import UnusableMedia
from bot.sandbox.segmind.engine import CannotRender, Rendering

INK = (214, 40, 57)


class StampEngine:
    """Stamps the model's slug onto target pictures and returns target videos unchanged."""

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        target = next((media[name] for name in media if name.startswith("target")), None)
        if target is None:
            raise CannotRender("There is no target to put the face in.")
        try:
            media_type = sniff.media_type(target)
        except UnusableMedia:
            raise CannotRender("The target is neither a picture nor a video.") from None
        local = {"ignored": sorted(parameters), "warnings": ["stamped, not swapped"]}
        if not media_type.startswith("image/"):
            return Rendering(target, media_type, local)
        wanted = str(parameters.get("image_format") or parameters.get("output_format") or "png")
        return Rendering(await asyncio.to_thread(_stamp, target, slug, wanted), f"image/{wanted}", local)


def _stamp(content: bytes, label: str, wanted: str) -> bytes:
    try:
        with Image.open(BytesIO(content)) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        raise CannotRender("The target cannot be read as a picture.") from None
    width, height = picture.size
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height - max(1, height // 5), width, height), fill=INK)
    pen.text((2, height - max(1, height // 5)), label, fill="white")
    out = BytesIO()
    picture.save(out, wanted)
    return out.getvalue()
