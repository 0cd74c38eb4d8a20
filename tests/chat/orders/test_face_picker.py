"""In group pictures, members choose which face goes where."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.sandbox.operations import find_faces
from tests.chat.admin_harness import said
from tests.chat.orders.forms import FACE, TARGET, open_form, order_of
from tests.chat.orders.people import crash, photo
from tests.chat.orders.preview import indexes, offered
from tests.harness import FACE_KEY, Reply, Stage, eventually
from tests.wording import wording

GROUP, ALONE = photo("group"), photo("face_a")
with_detector = pytest.mark.stage(face_detector=find_faces)


@with_detector
async def test_two_people_of_a_group_change_places(stage: Stage) -> None:
    preview = await offered(stage, GROUP, GROUP)
    assert "Which face goes where?" in preview.text
    assert preview.places() == {
        "place:1": "Place 1: face 1",
        "place:2": "Place 2: face 2",
        "place:3": "Place 3: face 3",
        "place:4": "Place 4: face 4",
    }
    (attachment,) = preview.message.attachments
    # Both pictures are shown, side by side.
    assert Image.open(BytesIO(await attachment.read())).width > 2 * Image.open(BytesIO(GROUP[1])).width
    await preview.choose(1, "1")
    await preview.choose(2, "0")
    await preview.choose(3, "stays")
    assert preview.places()["place:2"] == "Place 2: face 1"
    assert preview.message.attachments
    assert not stage.segmind.submissions
    job = await order_of(stage, await preview.press("Swap like this"))
    assert indexes(job.body) == ("1,0,3", "0,1,3", "left-right")


@with_detector
async def test_by_default_a_single_face_goes_on_everybody(stage: Stage) -> None:
    preview = await offered(stage, ALONE, GROUP)
    job = await order_of(stage, await preview.press("Swap like this"))
    assert indexes(job.body) == ("0", "0,1,2,3", "left-right")


@with_detector
async def test_a_preview_is_ordered_once(stage: Stage) -> None:
    preview = await offered(stage, ALONE, GROUP)
    await order_of(stage, await preview.press("Swap like this"))
    await (await preview.press("Swap like this")).refused("already ordered this swap")
    assert len(stage.segmind.submissions) == 1


@with_detector
async def test_somebody_has_to_go_somewhere(stage: Stage) -> None:
    preview = await offered(stage, GROUP, ALONE)
    await preview.choose(1, "stays")
    await (await preview.press("Swap like this")).refused(wording("refused.nothing_paired"))
    await preview.choose(1, "2")
    job = await order_of(stage, await preview.press("Swap like this"))
    assert indexes(job.body) == ("2", "0", "left-right")


@with_detector
async def test_a_large_group_has_several_pages_of_places(stage: Stage) -> None:
    with Image.open(BytesIO(GROUP[1])) as image:
        crowd = Image.new("RGB", (image.width, 2 * image.height))
        crowd.paste(image, (0, 0))
        crowd.paste(image, (0, image.height))
        content = BytesIO()
        crowd.save(content, "JPEG", quality=92)
    preview = await offered(stage, ALONE, ("crowd.jpg", content.getvalue()))
    assert len(preview.places()) == 5
    await preview.press("Places 6 to 8")
    assert list(preview.places()) == ["place:6", "place:7", "place:8"]
    await preview.choose(8, "stays")
    await preview.press("Places 1 to 5")
    job = await order_of(stage, await preview.press("Swap like this"))
    assert indexes(job.body) == ("0", "0,1,2,3,4,5,6", "left-right")


@with_detector
async def test_without_detected_faces_the_order_can_be_sent_unchanged(stage: Stage) -> None:
    preview = await offered(stage, FACE, TARGET)
    assert wording("picker.none") in preview.text
    job = await order_of(stage, await preview.press("Swap like this"))
    assert indexes(job.body) == ("0", "0", "large-small")


@pytest.mark.stage(face_detector=crash)
@pytest.mark.parametrize("faces", [ALONE, [ALONE, GROUP]], ids=["one picture", "separate photos"])
async def test_a_picture_that_ends_the_detector_is_named(stage: Stage, faces: Any) -> None:
    assert "`face_a.jpg`" in (await offered(stage, faces, GROUP)).text


async def test_without_a_detector_the_order_continues_at_once(stage: Stage) -> None:
    shown = await open_form(stage)
    values: dict[str, Any] = {"face": FACE, "target": TARGET, "path": "group"}
    job = await order_of(stage, Reply(stage.env, await stage.member.submit_modal(shown, values)))
    assert indexes(job.body) == ("0", "0", "large-small")


@pytest.mark.stage(face_detector=find_faces, faces={"key": FACE_KEY})
@pytest.mark.parametrize(
    ("picture", "answer"),
    [(FACE, "no face in that picture"), (GROUP, "several faces"), (ALONE, "Saved as `Eva`.")],
)
async def test_only_a_picture_of_one_face_is_saved(
    stage: Stage, picture: tuple[str, bytes], answer: str
) -> None:
    result = await stage.member.slash(stage.channel, "face save", name="Eva", picture=picture)
    await eventually(lambda: result.response and result.response.components, lambda: "no answer")
    assert answer in said(result)
