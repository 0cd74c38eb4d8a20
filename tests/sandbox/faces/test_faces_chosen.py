"""Indices, order and gender select the right faces."""

import pytest

from bot.media.face_sheets.sheet import draw
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.operations import find_faces
from tests.sandbox.faces.conftest import Measure, Render
from tests.sandbox.faces.scenes import couple, decoded, encoded, group, portrait

SLUG = "faceswap-v3-multifaceswap"


@pytest.mark.parametrize(
    ("order", "index", "changed"),
    [
        ("left-right", "0", [0]),
        ("left-right", "1, 3", [1, 3]),
        ("right-left", "0", [3]),
        ("top-bottom", "0", [1]),
        ("bottom-top", "0", [0]),
    ],
)
async def test_the_index_counts_in_the_order_that_was_asked_for(
    render: Render, measure: Measure, order: str, index: str, changed: list[int]
) -> None:
    parameters = {"detection_face_order": order, "input_faces_index": index, "image_format": "png"}
    rendering = await render(SLUG, encoded(portrait("astronaut")), encoded(group()), **parameters)
    swapped = measure.changed_faces(group(), decoded(rendering.content))
    assert [place for place, one in enumerate(swapped) if one] == changed
    assert rendering.local["faces_found"] == 4
    assert rendering.local["faces_swapped"] == len(changed)


@pytest.mark.parametrize(
    ("order", "changed"), [("large-small", [True, False]), ("small-large", [False, True])]
)
async def test_size_is_an_order_too(
    render: Render, measure: Measure, face_c: bytes, order: str, changed: list[bool]
) -> None:
    rendering = await render(SLUG, face_c, encoded(couple()), detection_face_order=order, image_format="png")
    assert measure.changed_faces(couple(), decoded(rendering.content)) == changed


async def test_several_source_faces_are_dealt_out_in_turn(render: Render, measure: Measure) -> None:
    rendering = await render(
        SLUG,
        encoded(couple()),
        encoded(group()),
        detection_face_order="left-right",
        source_faces_index="1,0",
        input_faces_index="0,2,3",
        image_format="png",
    )
    result = decoded(rendering.content)
    assert measure.changed_faces(group(), result) == [True, False, True, False]
    assert measure.apart(result, "astronaut", 0) < 0.55
    assert measure.apart(result, "face_b", 2) < measure.apart(result, "astronaut", 2)
    assert rendering.local["warnings"] == ["1 of the chosen target faces had no source face left for them."]


@pytest.mark.parametrize(("gender", "changed"), [("male", [True, False]), ("female", [False, True])])
async def test_only_faces_of_the_gender_are_counted(
    render: Render, measure: Measure, face_c: bytes, gender: str, changed: list[bool]
) -> None:
    rendering = await render(SLUG, face_c, encoded(couple()), detect_gender_input=gender, image_format="png")
    assert measure.changed_faces(couple(), decoded(rendering.content)) == changed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"input_faces_index": "4"}, "The target picture shows 4 faces, so there is no face 4"),
        ({"source_faces_index": "0,1"}, "The source picture shows 1 face, so there is no face 1"),
        ({"input_faces_index": "first"}, "input_faces_index must be numbers with commas"),
        ({"source_faces_index": " , "}, "source_faces_index must be numbers with commas"),
        ({"input_faces_index": "-1"}, "input_faces_index must be numbers with commas"),
        ({"detect_gender_source": "male"}, "No face in the source picture looks male"),
    ],
)
async def test_a_wrong_choice_is_an_error(
    render: Render, astronaut: bytes, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CannotSwap, match=sentence):
        await render(SLUG, astronaut, encoded(group()), **changes)


async def test_the_true_detector_is_named(render: Render, astronaut: bytes, face_b: bytes) -> None:
    named = {
        wish: (await render(SLUG, astronaut, face_b, facedetection=wish)).local["approximated"]
        for wish in ("retinaface_mobile0.25", "YOLOv5l")
    }
    assert named == {
        "retinaface_mobile0.25": {"facedetection": "BlazeFace, deep scan"},
        "YOLOv5l": {"facedetection": "BlazeFace, shallow scan"},
    }


@pytest.mark.parametrize("order", ["left-right", "large-small", "top-bottom"])
async def test_the_faces_of_a_sheet_are_counted_as_they_were_given(
    render: Render, measure: Measure, order: str
) -> None:
    names = ("face_b", "astronaut", "face_c")
    photos = [encoded(portrait(name)) for name in names]
    sheet = draw([(photo, find_faces(photo)) for photo in photos])
    rendering = await render(
        SLUG,
        sheet,
        encoded(portrait("face_a")),
        detection_face_order=order,
        source_faces_index="1",
        image_format="png",
    )
    result = decoded(rendering.content)
    assert min(names, key=lambda name: measure.apart(result, name)) == "astronaut"


async def test_each_face_of_a_sheet_goes_where_it_was_sent(render: Render, measure: Measure) -> None:
    names = ("face_b", "astronaut", "face_c")
    photos = [encoded(portrait(name)) for name in names]
    sheet = draw([(photo, find_faces(photo)) for photo in photos])
    rendering = await render(
        SLUG,
        sheet,
        encoded(group()),
        detection_face_order="left-right",
        source_faces_index="2,0,1",
        input_faces_index="0,2,3",
        image_format="png",
    )
    result = decoded(rendering.content)
    assert measure.changed_faces(group(), result) == [True, False, True, True]
    nearest = [min(names, key=lambda name: measure.apart(result, name, place)) for place in (0, 2, 3)]
    assert nearest == ["face_c", "face_b", "astronaut"]
