"""In group pictures, members choose by number which face goes where."""

from io import BytesIO
from typing import Any

import pytest
import simcord
from PIL import Image

from bot.sandbox.operations import find_faces
from bot.sandbox.welcome import SAMPLES
from tests.chat.admin_harness import said
from tests.chat.orders.forms import fields
from tests.chat.orders.test_swap_form import FACE, TARGET, opened, ordered
from tests.harness import Reply, Stage, eventually
from tests.media.files import saved


def smaller(name: str) -> tuple[str, bytes]:
    with Image.open(SAMPLES / name) as image:
        image.thumbnail((640, 640))
        return name, saved(image, "JPEG", quality=92)


GROUP, ALONE = smaller("group.jpg"), smaller("face_a.jpg")
with_detector = pytest.mark.stage(face_detector=find_faces)


async def offered(
    stage: Stage, face: tuple[str, bytes], target: tuple[str, bytes]
) -> simcord.InteractionResult:
    shown = await opened(stage)
    values: dict[str, Any] = {"face": face, "target": target, "path": "group"}
    result = await stage.member.submit_modal(shown, values)
    await eventually(lambda: result.response and result.response.components, lambda: "no faces are shown")
    return result


async def pressed(stage: Stage, result: simcord.InteractionResult, label: str) -> simcord.InteractionResult:
    assert result.response is not None
    return await stage.member.click(result.response.message, label=label)


def indexes(body: Any) -> tuple[str, str, str]:
    return body["source_faces_index"], body["input_faces_index"], body["detection_face_order"]


@with_detector
async def test_two_people_of_a_group_change_places(stage: Stage) -> None:
    result = await offered(stage, GROUP, GROUP)
    assert "Which face goes where?" in said(result)
    assert result.response is not None
    (attachment,) = result.response.attachments
    assert Image.open(BytesIO(await attachment.read())).width > 1000
    assert not stage.segmind.submissions
    form = await pressed(stage, result, "Choose")
    usual = fields(form)["pairs"]["value"]
    assert usual.startswith("1 > 1, 2 > 2")
    reply = Reply(stage.env, await stage.member.submit_modal(form, {"pairs": "1 > 2, 2 > 1"}))
    job = await ordered(stage, reply)
    assert indexes(job.body) == ("0,1", "1,0", "left-right")


@with_detector
async def test_by_default_a_single_face_goes_on_everybody(stage: Stage) -> None:
    result = await offered(stage, ALONE, GROUP)
    job = await ordered(stage, Reply(stage.env, await pressed(stage, result, "Swap like this")))
    source, target, order = indexes(job.body)
    assert (source, order) == ("0", "left-right")
    assert target.startswith("0,1")


@with_detector
async def test_a_preview_is_ordered_once(stage: Stage) -> None:
    result = await offered(stage, ALONE, GROUP)
    await ordered(stage, Reply(stage.env, await pressed(stage, result, "Swap like this")))
    assert "already ordered this swap" in said(await pressed(stage, result, "Swap like this"))
    assert len(stage.segmind.submissions) == 1


@with_detector
async def test_face_numbers_that_do_not_exist_are_rejected_with_an_example(stage: Stage) -> None:
    form = await pressed(stage, await offered(stage, ALONE, GROUP), "Choose")
    refused = said(await stage.member.submit_modal(form, {"pairs": "2 > 1"}))
    assert "the first picture has 1" in refused
    assert "`1 > 1, 1 > 2" in refused
    assert not stage.segmind.submissions


@with_detector
async def test_without_detected_faces_the_order_can_be_sent_unchanged(stage: Stage) -> None:
    result = await offered(stage, FACE, TARGET)
    assert "No faces were found" in said(result)
    job = await ordered(stage, Reply(stage.env, await pressed(stage, result, "Swap like this")))
    assert indexes(job.body) == ("0", "0", "large-small")


async def test_without_a_detector_the_order_continues_at_once(stage: Stage) -> None:
    shown = await opened(stage)
    values: dict[str, Any] = {"face": FACE, "target": TARGET, "path": "group"}
    job = await ordered(stage, Reply(stage.env, await stage.member.submit_modal(shown, values)))
    assert indexes(job.body) == ("0", "0", "large-small")


@pytest.mark.stage(face_detector=find_faces, faces={"key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="})
@pytest.mark.parametrize(
    ("picture", "answer"),
    [(FACE, "no face in that picture"), (GROUP, "several faces"), (ALONE, "`Eva` is saved")],
)
async def test_only_a_picture_of_one_face_is_saved(
    stage: Stage, picture: tuple[str, bytes], answer: str
) -> None:
    result = await stage.member.slash(stage.channel, "face save", name="Eva", picture=picture)
    await eventually(lambda: result.response and result.response.components, lambda: "no answer")
    assert answer in said(result)
