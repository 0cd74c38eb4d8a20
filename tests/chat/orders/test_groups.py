"""Groups whose faces come from separate photos."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.media.face_sheets.layout import sheet_size
from bot.sandbox.operations import find_faces
from tests.chat.orders.forms import TARGET, open_form, order_of
from tests.chat.orders.own_faces import ADAM, EVA, KEY, ask, order_without_file
from tests.chat.orders.people import fourth, photo
from tests.chat.orders.preview import indexes, offered
from tests.harness import Reply, Stage, eventually
from tests.media.files import moving, picture
from tests.wording import wording

SLUG = "faceswap-v3-multifaceswap"
GROUP, ALICE, BOB, CAROL = photo("group"), photo("face_a"), photo("face_b"), photo("face_c")
with_detector = pytest.mark.stage(face_detector=find_faces, faces={"key": KEY})
faces_on = pytest.mark.stage(faces={"key": KEY})


async def sheet(stage: Stage) -> Image.Image:
    """The source that Segmind received last."""
    address = stage.segmind.submissions[-1].body["source_img"]
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return Image.open(BytesIO(await answer.read()))


async def submitted(stage: Stage, faces: list[tuple[str, bytes]], **values: Any) -> Reply:
    values = {"face": faces, "target": TARGET, "path": "group", **values}
    return Reply(stage.env, await stage.member.submit_modal(await open_form(stage), values))


@with_detector
async def test_a_group_of_four_is_made_from_four_photos(stage: Stage) -> None:
    preview = await offered(stage, [ALICE, BOB, CAROL, fourth()], GROUP)
    assert list(preview.places().values()) == [f"Place {place}: face {place}" for place in range(1, 5)]
    names = [option.get("description") for option in preview.selects()["place:1"]["options"]]
    assert names == ["face_a.jpg", "face_b.jpg", "face_c.jpg", "fourth.jpg", None]
    await preview.choose(1, "3")
    await preview.choose(4, "0")
    reply = await preview.press("Swap like this")
    job = await order_of(stage, reply)
    assert indexes(job.body) == ("3,1,2,0", "0,1,2,3", "left-right")
    assert job.price == 1
    assert (await sheet(stage)).size == sheet_size(4)
    await stage.finish(reply, "Completed")


@with_detector
async def test_a_photo_that_is_not_used_is_not_sent(stage: Stage) -> None:
    preview = await offered(stage, [ALICE, BOB, CAROL], GROUP)
    await preview.choose(1, "2")
    await preview.choose(2, "stays")
    await preview.choose(3, "2")
    await preview.choose(4, "0")
    reply = await preview.press("Swap like this")
    job = await order_of(stage, reply)
    assert indexes(job.body) == ("1,1,0", "0,2,3", "left-right")
    assert (await sheet(stage)).size == sheet_size(2)
    remembered = await stage.app.store.moderation.fingerprints_of(job.id)
    assert sorted(remembered) == ["source_img", "source_img.1", "source_img.2", "target_img"]


@with_detector
async def test_attached_photos_come_before_saved_faces(stage: Stage) -> None:
    result = await stage.member.slash(stage.channel, "face save", name="Eva", picture=ALICE)
    await eventually(lambda: result.response and result.response.components, lambda: "no answer")
    preview = await offered(stage, [BOB], GROUP, saved=["Eva"])
    names = [option.get("description") for option in preview.selects()["place:1"]["options"]]
    assert names == ["face_b.jpg", "Eva", None]


@with_detector
@pytest.mark.parametrize(
    ("bad", "words"), [(TARGET, "no face in `photo.png`"), (GROUP, "several faces in `group.jpg`")]
)
async def test_a_photo_has_to_show_one_clear_face(stage: Stage, bad: tuple[str, bytes], words: str) -> None:
    preview = await offered(stage, [ALICE, bad], GROUP)
    assert words in preview.text
    assert not stage.segmind.submissions


async def test_without_a_detector_the_photos_are_shown_whole_and_in_order(stage: Stage) -> None:
    job = await order_of(stage, await submitted(stage, [EVA, ADAM, ("c.png", picture("PNG"))]))
    assert indexes(job.body) == ("0,1,2", "0,1,2", "left-right")
    assert (await sheet(stage)).size == sheet_size(3)


@faces_on
async def test_a_command_takes_several_saved_faces(stage: Stage) -> None:
    for name, file in (("Eva", EVA), ("Adam", ADAM)):
        await ask(stage, "face save", name=name, picture=file)
    offered = await stage.member.autocomplete(stage.channel, SLUG, "face3", "")
    assert [choice["value"] for choice in offered] == ["Adam", "Eva"]
    reply = await order_without_file(stage, SLUG, face="Eva", face2="Adam", face3="Eva")
    job = await order_of(stage, reply)
    assert indexes(job.body) == ("0,1,2", "0,1,2", "left-right")
    assert (await sheet(stage)).size == sheet_size(3)
    file = ("a.png", picture("PNG"))
    reply = await stage.order(SLUG, source_img=file, face2="Eva", input_faces_index="1,0")
    assert indexes((await order_of(stage, reply)).body) == ("0,1", "1,0", "left-right")
    await (await order_without_file(stage, SLUG, face="Eva", face2="nobody")).refused(
        "no saved face called `nobody`"
    )


async def test_only_a_group_takes_several_faces(stage: Stage) -> None:
    await (await submitted(stage, [EVA, ADAM], path="fast")).refused("You gave 2 faces", "Choose **Group**")
    assert not stage.segmind.submissions


@faces_on
async def test_an_order_takes_at_most_five_people(stage: Stage) -> None:
    for name in ("Eva", "Adam"):
        await ask(stage, "face save", name=name, picture=EVA)
    reply = await submitted(stage, [EVA, ADAM, EVA, ADAM], saved=["Eva", "Adam"])
    await reply.refused("You gave 6 faces", "up to 5")


@faces_on
async def test_a_missing_face_of_a_group_can_be_several(stage: Stage) -> None:
    form = (await order_without_file(stage, SLUG)).result
    reply = Reply(stage.env, await stage.member.submit_modal(form, {"face": [EVA, ADAM]}))
    assert indexes((await order_of(stage, reply)).body) == ("0,1", "0,1", "left-right")


async def test_the_first_frame_of_an_animated_photo_is_taken_after_one_click(stage: Stage) -> None:
    reply = await submitted(stage, [EVA, ("dance.gif", moving("GIF"))])
    await reply.refused("`dance.gif` is animated")
    pressed = await stage.member.click(reply.result.followups[-1], label="Use the first frame")
    job = await order_of(stage, Reply(stage.env, pressed))
    assert indexes(job.body) == ("0,1", "0,1", "left-right")


async def list_photo(stage: Stage, job_id: str, part: str) -> None:
    moderation = stage.app.store.moderation
    listed = (await moderation.fingerprints_of(job_id))[part]
    await moderation.ban_fingerprints([listed], stage.guild.id, job_id)


async def test_a_banned_photo_is_recognised_on_every_sheet(stage: Stage) -> None:
    first = await submitted(stage, [EVA, ADAM])
    job = await order_of(stage, first)
    await stage.finish(first, "Completed")
    await list_photo(stage, job.id, "source_img.2")
    await (await submitted(stage, [ADAM, ("c.png", picture("PNG", 70, 50))])).refused(
        wording("refused.never_again")
    )
    await (await stage.order("faceswap-v5", source_image=ADAM)).refused(wording("refused.never_again"))
    # The sheet itself is no picture that anybody banned.
    again = Reply(stage.env, await stage.member.slash(stage.channel, "again"))
    await again.refused("picture or video in `source_img.2`")
    assert len(stage.segmind.submissions) == 1


async def test_again_uses_the_same_sheet_and_remembers_its_photos(stage: Stage) -> None:
    first = await submitted(stage, [EVA, ADAM])
    before = await order_of(stage, first)
    await stage.finish(first, "Completed")
    again = Reply(stage.env, await stage.member.slash(stage.channel, "again"))
    job = await order_of(stage, again)
    assert indexes(job.body) == ("0,1", "0,1", "left-right")
    moderation = stage.app.store.moderation
    assert await moderation.fingerprints_of(job.id) == {
        part: each for part, each in (await moderation.fingerprints_of(before.id)).items() if part != "result"
    }


async def test_again_with_another_face_puts_that_one_in(stage: Stage) -> None:
    first = await submitted(stage, [EVA, ADAM])
    await stage.finish(first, "Completed")
    again = await stage.member.slash(stage.channel, "again", source=EVA)
    job = await order_of(stage, Reply(stage.env, again))
    assert indexes(job.body) == ("0", "0", "large-small")
