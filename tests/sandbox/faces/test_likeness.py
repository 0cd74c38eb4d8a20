"""The swapped face is the source's, and nothing else changes."""

import math

import cv2
import numpy as np
import pytest

from bot.sandbox.faces.face import Face
from bot.sandbox.faces.order import Notes
from bot.sandbox.faces.pipeline import warn_about
from tests.sandbox.faces.conftest import Measure, Render
from tests.sandbox.faces.scenes import decoded, encoded, group, portrait

SAME_PERSON = 0.55


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("face_a", "face_b"),
        ("face_b", "face_a"),
        ("face_c", "astronaut"),
        ("astronaut", "face_b"),
        ("astronaut", "face_c"),
    ],
)
async def test_the_face_in_the_result_is_the_sources(
    render: Render, measure: Measure, source: str, target: str
) -> None:
    rendering = await render("faceswap-v5", encoded(portrait(source)), encoded(portrait(target)))
    result = decoded(rendering.content)
    to_source = measure.apart(result, source)
    assert to_source < SAME_PERSON
    assert to_source < measure.apart(result, target)
    assert rendering.local["identity_distance"] == pytest.approx(to_source, abs=0.08)


async def test_a_drawing_shows_the_sources_face(render: Render, measure: Measure, astronaut: bytes) -> None:
    drawing = portrait("comic")
    rendering = await render("faceswap-comic", astronaut, encoded(drawing), output_format="png")
    result = decoded(rendering.content)
    assert measure.apart(result, "astronaut") < SAME_PERSON
    assert measure.apart(result, "astronaut") < measure.apart(result, "comic")


@pytest.mark.parametrize("slug", ["faceswap-v4", "faceswap-v5", "faceswap-v3-multifaceswap", "ai-face-swap"])
async def test_outside_the_face_every_pixel_stays(
    render: Render, measure: Measure, face_a: bytes, slug: str
) -> None:
    target = portrait("face_b", 400)
    changes = {} if slug == "ai-face-swap" else {"image_format": "png"}
    result = decoded((await render(slug, face_a, encoded(target), **changes)).content)
    (face,) = measure.faces(target)
    left, top, right, bottom = face.box + face.size * np.array([-0.1, -0.1, 0.1, 0.1])
    outside = np.ones(target.shape[:2], bool)
    outside[int(top) : int(bottom), int(left) : int(right)] = False
    assert np.array_equal(result[outside], target[outside])
    assert not np.array_equal(result[~outside], target[~outside])


async def test_the_cap_of_the_face_side_leaves_the_rest_alone_too(render: Render, face_a: bytes) -> None:
    target = portrait("face_b", 400)
    result = decoded((await render("ai-face-swap", face_a, encoded(target), pixel_boost="128x128")).content)
    assert np.array_equal(result[:30], target[:30])


async def test_normal_keeps_more_of_the_sources_complexion_than_style(
    render: Render, face_c: bytes, face_a: bytes
) -> None:
    cheek = np.s_[110:130, 85:123]
    tones = {
        style: decoded((await render("faceswap-v4", face_c, face_a, style_type=style)).content)[cheek].mean()
        for style in ("normal", "style")
    }
    darker = portrait("face_c")[cheek].mean()
    assert abs(tones["normal"] - darker) < abs(tones["style"] - darker)


@pytest.mark.parametrize("slug", ["faceswap-v4", "faceswap-v5", "faceswap-comic"])
async def test_a_seed_makes_the_same_picture_again_and_another_seed_another(
    render: Render, face_a: bytes, face_b: bytes, slug: str
) -> None:
    first, again, other = [(await render(slug, face_a, face_b, seed=seed)).content for seed in (7, 7, 8)]
    assert first == again
    assert first != other


def test_a_turned_head_brings_a_warning(measure: Measure) -> None:
    notes = Notes()
    (front,) = measure.faces(portrait("face_a"))
    warn_about(notes, front, "source's")
    assert not notes.warnings
    angle = math.radians(45)
    turn = np.array(
        [[math.cos(angle), 0, -math.sin(angle)], [0, 1, 0], [math.sin(angle), 0, math.cos(angle)]]
    )
    warn_about(notes, Face((front.mesh @ turn).astype(np.float32), 1), "source's")
    assert "turned" in notes.warnings[0]


async def test_a_tiny_face_brings_a_warning(render: Render, face_a: bytes) -> None:
    canvas = np.full((320, 320, 3), 128, np.uint8)
    canvas[100:180, 100:180] = portrait("face_b", 80)
    rendering = await render("faceswap-v5", face_a, encoded(canvas))
    assert any("pixels high" in warning for warning in rendering.local["warnings"])


async def test_a_large_group_is_searched_small_but_swapped_at_its_size(render: Render, face_a: bytes) -> None:
    large = cv2.resize(group(), (1920, 1080), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    rendering = await render("faceswap-v5", face_a, encoded(large, "jpeg"), image_format="jpeg")
    assert rendering.local["faces_found"] == 4
    assert decoded(rendering.content).shape == large.shape
