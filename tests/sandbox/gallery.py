"""Gallery of all five models, before and after, on one page: `python -m tests.sandbox.gallery`."""

import asyncio
import base64
import html
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from bot.sandbox.faces.arrays import Picture
from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.segmind import Rendering
from tests.sandbox.faces.conftest import DEFAULTS, FIELDS
from tests.sandbox.faces.scenes import SAMPLES, decoded, encoded, frames, portrait

FOLDER = Path("var/gallery")
V4, V5, MULTI, COMIC, VIDEO = DEFAULTS
_TILE = 300


@dataclass(frozen=True)
class Plate:
    """One swap to show."""

    slug: str
    title: str
    source: str
    target: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Shown:
    """A finished plate."""

    plate: Plate
    rendering: Rendering
    seconds: float


PLATES = [
    Plate(V4, "as it is", "face_a", "face_b"),
    Plate(V4, "style", "face_a", "face_b", {"style_type": "style"}),
    Plate(V4, "quality", "astronaut", "face_b", {"model_type": "quality"}),
    Plate(V4, "a light face on a dark one, normal", "face_a", "face_c"),
    Plate(V4, "a dark face on a light one, normal", "face_c", "face_a"),
    Plate(V4, "a dark face on a light one, style", "face_c", "face_a", {"style_type": "style"}),
    Plate(V5, "a portrait into a sample", "astronaut", "face_a"),
    Plate(V5, "a sample into a portrait", "face_b", "astronaut"),
    *(
        Plate(V5, mood, "astronaut", "face_b", {"additional_prompt": mood})
        for mood in ("happy smile", "sad", "angry", "surprised", "closed eyes")
    ),
    Plate(
        MULTI,
        "one face for all",
        "astronaut",
        "group",
        {"input_faces_index": "0,1,2,3", "detection_face_order": "left-right"},
    ),
    Plate(
        MULTI,
        "four for four, the other way round",
        "group",
        "group",
        {
            "input_faces_index": "0,1,2,3",
            "source_faces_index": "3,2,1,0",
            "detection_face_order": "left-right",
        },
    ),
    Plate(
        MULTI, "restored", "astronaut", "face_c", {"face_restore": "GFPGANv1.4.pth", "face_restore_weight": 1}
    ),
    Plate(COMIC, "as it is", "astronaut", "comic"),
    Plate(COMIC, "strong style", "astronaut", "comic", {"style_strength": 2}),
    Plate(COMIC, "no style", "astronaut", "comic", {"style_strength": 0}),
    Plate(COMIC, "half the person", "astronaut", "comic", {"face_strength": 0.4}),
    Plate(COMIC, "smiling", "face_b", "comic", {"prompt": "smiling"}),
    Plate(VIDEO, "the reference", "astronaut", "clip"),
    Plate(VIDEO, "many", "face_c", "clip", {"face_selector_mode": "many"}),
    Plate(VIDEO, "a picture", "astronaut", "group", {"face_selector_mode": "many"}),
]


def medium(name: str) -> bytes:
    if name == "astronaut":
        return encoded(portrait(name, 640))
    return next(SAMPLES.glob(f"{name}.*")).read_bytes()


def still(content: bytes, media_type: str) -> Picture:
    if not media_type.startswith("video"):
        return decoded(content)
    shots = frames(content)
    return shots[len(shots) // 2]


async def rendered(engine: FaceEngine, plate: Plate) -> Shown:
    fields = FIELDS.get(plate.slug, ("source_image", "target_image"))
    media = dict(zip(fields, (medium(plate.source), medium(plate.target)), strict=True))
    start = time.perf_counter()
    rendering = await engine.render(plate.slug, {**DEFAULTS[plate.slug], **plate.parameters}, media)
    return Shown(plate, rendering, time.perf_counter() - start)


def page(all_shown: list[Shown]) -> str:
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<title>Face swaps, before and after</title><style>
body {{ font: 15px/1.4 system-ui; margin: 2rem; background: #1e1f22; color: #dbdee1 }}
figure {{ margin: 0 0 2.5rem; max-width: 75rem }}
figure {{ display: grid; grid-template-columns: 1fr 1fr 1fr; gap: .5rem }}
figcaption {{ grid-column: 1 / -1 }} img, video {{ width: 100% }}
pre {{ white-space: pre-wrap; color: #949ba4 }}
</style><h1>Face swaps, before and after</h1>{"".join(map(_figure, all_shown))}</html>
"""


def _figure(shown: Shown) -> str:
    plate, local = shown.plate, html.escape(json.dumps(shown.rendering.local, indent=1))
    media = [
        (medium(plate.source), "image/png" if plate.source == "astronaut" else "image/jpeg"),
        (medium(plate.target), "video/mp4" if plate.target == "clip" else "image/jpeg"),
        (shown.rendering.content, shown.rendering.media_type),
    ]
    if plate.target == "astronaut":
        media[1] = (media[1][0], "image/png")
    title = html.escape(f"{plate.slug}: {plate.title} ({shown.seconds:.2f} s)")
    return (
        f"<figure><figcaption><h2>{title}</h2></figcaption>{''.join(_element(*one) for one in media)}"
        f"<figcaption><details><summary>notes</summary><pre>{local}</pre></details></figcaption></figure>"
    )


def _element(content: bytes, media_type: str) -> str:
    data = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    if media_type.startswith("video"):
        return f'<video src="{data}" controls loop muted></video>'
    return f'<img src="{data}" alt="">'


def sheet(all_shown: list[Shown], columns: int = 2) -> Image.Image:
    """Source, target and result of each plate, side by side."""
    rows = -(-len(all_shown) // columns)
    canvas = Image.new("RGB", (columns * (3 * _TILE + 20), rows * (_TILE + 24)), "white")
    draw = ImageDraw.Draw(canvas)
    for place, shown in enumerate(all_shown):
        left, top = place % columns * (3 * _TILE + 20), place // columns * (_TILE + 24)
        plate, rendering = shown.plate, shown.rendering
        distance = rendering.local["identity_distance"]
        draw.text((left + 4, top + 4), f"{plate.slug}: {plate.title}   distance {distance}", "black")
        target_type = "video/mp4" if plate.target == "clip" else "image/jpeg"
        stills = (
            still(medium(plate.source), "image/png"),
            still(medium(plate.target), target_type),
            still(rendering.content, rendering.media_type),
        )
        for column, picture in enumerate(stills):
            tile = Image.fromarray(np.ascontiguousarray(picture))
            tile.thumbnail((_TILE, _TILE), Image.Resampling.LANCZOS)
            canvas.paste(tile, (left + column * _TILE, top + 20))
    return canvas


async def all_rendered() -> list[Shown]:
    engine = FaceEngine()
    try:
        return await asyncio.gather(*(rendered(engine, plate) for plate in PLATES))
    finally:
        await engine.close()


def main() -> None:
    all_shown = asyncio.run(all_rendered())
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "index.html").write_text(page(all_shown), encoding="utf-8")
    sheet(all_shown).save(FOLDER / "sheet.png")
    sys.stdout.write(f"{len(all_shown)} renderings: {FOLDER / 'index.html'} and {FOLDER / 'sheet.png'}\n")


if __name__ == "__main__":
    main()
