"""Every parameter of every model changes the result or is listed as ignored."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest

from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.segmind import Rendering
from tests.sandbox.faces.conftest import DEFAULTS, Render
from tests.sandbox.faces.scenes import clip, couple, encoded, group, portrait

V4, V5, MULTI, COMIC, VIDEO = DEFAULTS


@dataclass(frozen=True)
class Trial:
    """A parameter's value to compare with the default."""

    slug: str
    parameter: str
    value: Any
    given: dict[str, Any] = field(default_factory=dict[str, Any])
    """Parameters set in both renderings."""
    source: str = "face_a"
    target: str = "face_b"

    def __str__(self) -> str:
        return f"{self.slug} {self.parameter} {self.value}"


CHANGING = [
    Trial(V4, "model_type", "quality"),
    Trial(V4, "style_type", "style"),
    Trial(V4, "seed", 43),
    Trial(V4, "image_format", "webp"),
    Trial(V4, "image_quality", 40, {"image_format": "jpeg"}),
    Trial(V5, "additional_prompt", "a big smile"),
    Trial(V5, "additional_prompt", "eyes closed, asleep"),
    Trial(V5, "additional_prompt", "sad"),
    Trial(V5, "additional_prompt", "angry"),
    Trial(V5, "additional_prompt", "surprised"),
    Trial(V5, "image_format", "jpeg"),
    Trial(V5, "quality", 40, {"image_format": "webp"}),
    Trial(V5, "seed", 1),
    Trial(MULTI, "input_faces_index", "2", target="group"),
    Trial(MULTI, "source_faces_index", "3", source="group"),
    Trial(
        MULTI, "detection_face_order", "right-left", {"detection_face_order": "left-right"}, target="group"
    ),
    Trial(MULTI, "detect_gender_input", "female", target="couple"),
    Trial(MULTI, "detect_gender_source", "female", source="couple"),
    Trial(MULTI, "face_restore", "GFPGANv1.4.pth"),
    Trial(MULTI, "face_restore", "codeformer-v0.1.0.pth", {"face_restore": "GFPGANv1.3.pth"}),
    Trial(MULTI, "face_restore_weight", 0.2, {"face_restore": "GFPGANv1.4.pth"}),
    Trial(MULTI, "interpolation", "Nearest"),
    Trial(MULTI, "interpolation", "Bicubic"),
    Trial(MULTI, "interpolation", "Lanczos"),
    Trial(MULTI, "image_format", "png"),
    Trial(MULTI, "image_quality", 30),
    Trial(COMIC, "prompt", "crying", target="comic"),
    Trial(COMIC, "face_strength", 0.3, target="comic"),
    Trial(COMIC, "face_strength", 0.0, target="comic"),
    Trial(COMIC, "prompt", "sleeping", target="comic"),
    Trial(COMIC, "style_strength", 1.6, target="comic"),
    Trial(COMIC, "style_strength", 0.0, target="comic"),
    Trial(COMIC, "steps", 1, target="comic"),
    Trial(COMIC, "cfg", 4.0, target="comic"),
    Trial(COMIC, "grow_mask", 20, target="comic"),
    Trial(COMIC, "seed", 1, target="comic"),
    Trial(COMIC, "output_format", "png", target="comic"),
    Trial(COMIC, "output_quality", 30, target="comic"),
    Trial(VIDEO, "face_selector_mode", "many", target="couple"),
    Trial(VIDEO, "face_selector_order", "small-large", target="couple"),
    Trial(VIDEO, "face_selector_gender", "female", target="couple"),
    Trial(VIDEO, "face_selector_age_start", 28, target="couple"),
    Trial(VIDEO, "face_selector_age_end", 28, {"face_selector_mode": "many"}, target="couple"),
    Trial(VIDEO, "pixel_boost", "128x128", target="large"),
    Trial(VIDEO, "reference_frame_number", 2, {"face_selector_order": "left-right"}, target="exchange"),
    Trial(VIDEO, "reference_face_distance", 0.2, target="relatives"),
]
LISTED = [
    Trial(V4, "swap_type", "face"),
    Trial(V4, "hardware", "cost"),
    Trial(V4, "image_quality", 40),
    Trial(V5, "additional_prompt", "in the rain"),
    Trial(V5, "quality", 40),
    Trial(MULTI, "facedetection", "YOLOv5n"),
    Trial(MULTI, "face_restore_weight", 0.2),
    Trial(MULTI, "image_quality", 40, {"image_format": "png"}),
    Trial(COMIC, "prompt", "on a horse", target="comic"),
    Trial(COMIC, "output_quality", 40, {"output_format": "png"}, target="comic"),
    Trial(VIDEO, "face_selector_race", "asian"),
    Trial(VIDEO, "reference_frame_number", 2),
    Trial(VIDEO, "reference_face_distance", 0.1),
    Trial(VIDEO, "reference_frame_number", 2, {"face_selector_mode": "one"}, target="exchange"),
]


# The effect of a parameter shows in small faces, too, of which there are many here.
SIDE = 128


@cache
def scene(name: str) -> bytes:
    match name:
        case "couple":
            return encoded(couple(SIDE))
        case "group":
            return encoded(group())
        case "exchange":  # The man on the left, then the woman there instead.
            return clip([couple(SIDE), np.ascontiguousarray(np.roll(couple(SIDE), SIDE, axis=1))])
        case "relatives":  # Two similar faces, one after the other.
            return clip([portrait("face_b", SIDE), portrait("face_a", SIDE)])
        case "large":  # Its face is larger than the smallest boost.
            return encoded(portrait("face_b", 320))
        case _:
            return encoded(portrait(name, SIDE))


def test_no_parameter_is_forgotten() -> None:
    tried = {(trial.slug, trial.parameter) for trial in CHANGING + LISTED}
    # The server and not the engine applies `base64`.
    there_are = {(slug, name) for slug, usual in DEFAULTS.items() for name in usual if name != "base64"}
    assert tried == there_are


@pytest.mark.parametrize("slug", DEFAULTS)
async def test_each_parameter_changes_the_result_or_is_listed(
    render: Render, subtests: pytest.Subtests, slug: str
) -> None:
    """One test for a model, because many trials are compared with the same rendering."""
    renderings: dict[str, Rendering] = {}
    for trial in CHANGING + LISTED:
        if trial.slug == slug:
            with subtests.test(str(trial)):
                files = scene(trial.source), scene(trial.target)
                usual = f"{trial.source} {trial.target} {trial.given}"
                if usual not in renderings:
                    renderings[usual] = await render(slug, *files, **trial.given)
                changes = {**trial.given, trial.parameter: trial.value}
                check(trial, renderings[usual], await render(slug, *files, **changes))


def check(trial: Trial, before: Rendering, after: Rendering) -> None:
    ignored = trial.parameter in after.local["ignored"]
    if trial in CHANGING:
        assert before.content != after.content
        assert not ignored
    elif ignored:
        assert before.content == after.content
    else:
        assert trial.parameter in {*before.local["approximated"], *after.local["approximated"]}
    for parameter in after.local["ignored"]:
        assert after.local["reasons"][parameter]


async def test_the_mask_says_where_a_drawing_may_change(render: Render, face_a: bytes) -> None:
    left_half = np.zeros((160, 160, 3), np.uint8)
    left_half[:, :80] = 255
    changes = {"output_format": "png"}
    drawing = encoded(portrait("comic"))
    masked = await render(COMIC, face_a, drawing, mask_image=encoded(left_half), **changes)
    unmasked = await render(COMIC, face_a, drawing, **changes)
    grown = await render(COMIC, face_a, drawing, mask_image=encoded(left_half), grow_mask=30, **changes)
    assert len({masked.content, unmasked.content, grown.content}) == 3


async def test_a_black_mask_is_refused(render: Render, face_a: bytes) -> None:
    black = encoded(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(CannotSwap, match="The mask is black all over"):
        await render(COMIC, face_a, encoded(portrait("comic")), mask_image=black)
