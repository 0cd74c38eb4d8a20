"""Words for a mood move the face."""

import pytest

from bot.sandbox.faces.face import Face
from bot.sandbox.faces.swapping.expression import moods_in
from tests.sandbox.faces.conftest import Measure, Render
from tests.sandbox.faces.scenes import decoded

SLUG = "faceswap-v5"
RIGHT_LIDS, LEFT_LIDS = (159, 145, 33, 133), (386, 374, 263, 362)


@pytest.mark.parametrize(
    ("prompt", "moods"),
    [
        ("", []),
        ("in the rain, at night", []),
        ("A Happy person", ["smile"]),
        ("crying, with closed eyes", ["sad", "closed eyes"]),
        ("shocked and furious", ["angry", "surprised"]),
        ("made of nomads", []),
        ("a sadly smiling man", ["smile", "sad"]),
    ],
)
def test_a_prompt_is_read_word_by_word(prompt: str, moods: list[str]) -> None:
    assert moods_in(prompt) == moods


async def shown(render: Render, measure: Measure, source: bytes, target: bytes, prompt: str) -> Face:
    rendering = await render(SLUG, source, target, additional_prompt=prompt)
    (face,) = measure.faces(decoded(rendering.content))
    return face


async def test_sleepers_have_their_eyes_shut(
    render: Render, measure: Measure, astronaut: bytes, face_b: bytes
) -> None:
    awake = await shown(render, measure, astronaut, face_b, "")
    asleep = await shown(render, measure, astronaut, face_b, "asleep")
    for lids in (RIGHT_LIDS, LEFT_LIDS):
        assert asleep.openness(*lids) < awake.openness(*lids) * 0.8


async def test_the_corners_of_the_mouth_rise_and_fall(
    render: Render, measure: Measure, astronaut: bytes, face_b: bytes
) -> None:
    def rise(face: Face) -> float:
        """Height of the corners above the middle of the lips, in parts of the face."""
        corners, middle = face.mesh[[61, 291], :2].mean(axis=0), face.mesh[[0, 17], :2].mean(axis=0)
        return float((corners - middle) @ face.upward) / face.size

    happy, plain, sad = [
        rise(await shown(render, measure, astronaut, face_b, prompt)) for prompt in ("smile", "", "sad")
    ]
    assert happy > plain > sad
