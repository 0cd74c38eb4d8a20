"""Saved faces in Discord: saved, picked in a command, used by default, and private to their member."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.chat.admin_harness import said
from tests.chat.orders.forms import fields
from tests.chat.orders.own_faces import ADAM, EVA, KEY, ask, faces_on, order_without_file, width_sent
from tests.harness import MODELS, Stage
from tests.media.files import picture, video
from tests.wording import wording


@faces_on
@pytest.mark.parametrize("slug", MODELS)
async def test_a_saved_face_takes_the_place_of_an_attached_one(stage: Stage, slug: str) -> None:
    assert "Saved as `Eva`" in await ask(stage, "face save", name="Eva", picture=EVA)
    reply = await order_without_file(stage, slug, face="eva")
    await stage.finish(reply, "Completed")
    assert await width_sent(stage, slug) == 80


@pytest.mark.stage(faces={"key": KEY}, segmind={"inputs": "link"})
async def test_a_saved_face_is_uploaded_even_in_link_mode(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    reply = await order_without_file(stage, face="Eva")
    await reply.says("Queued")
    body = stage.segmind.submissions[-1].body
    assert body["source_image"].startswith(stage.segmind.url)
    assert not body["target_image"].startswith(stage.segmind.url)


@faces_on
async def test_an_order_takes_exactly_one_face(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    both = await order_without_file(stage, face="Eva", source_image=ADAM)
    await both.refused(wording("refused.both_faces"))
    assert (await order_without_file(stage)).result.modal is not None
    await (await order_without_file(stage, face="nobody")).refused("no saved face called `nobody`")
    assert not stage.segmind.submissions


@faces_on
async def test_the_default_face_is_used_where_none_is_given(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    await ask(stage, "face save", name="Adam", picture=ADAM, default=True)
    attached = {"source_image": ("b.png", picture("PNG"))}
    orders: list[tuple[dict[str, Any], int]] = [({}, 90), ({"face": "Eva"}, 80), (attached, 96)]
    for given, width in orders:
        await stage.finish(await order_without_file(stage, **given), "Completed")
        assert await width_sent(stage) == width
    assert "`Eva` is now your default face" in await ask(stage, "face default", name="Eva")
    await stage.finish(await order_without_file(stage), "Completed")
    assert await width_sent(stage) == 80
    assert wording("faces.chosen_none") in await ask(stage, "face default")
    assert (await order_without_file(stage)).result.modal is not None


@faces_on
async def test_nobody_else_sees_or_uses_a_face(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA, default=True)
    other = stage.another_member("mallory")
    assert wording("faces.none") in await ask(stage, "face list", other)
    assert "no saved face called" in await ask(stage, "face show", other, name="Eva")
    assert "no saved face called" in await ask(stage, "face delete", other, name="Eva")
    assert await other.autocomplete(stage.channel, "faceswap-v5", "face", "") == []
    await (await order_without_file(stage, member=other, face="Eva")).refused("no saved face called `Eva`")
    assert "saved" not in fields((await order_without_file(stage, member=other)).result)


@faces_on
async def test_faces_are_offered_while_a_member_types(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    await ask(stage, "face save", name="Adam", picture=ADAM)
    for command, option in (("faceswap-v4", "face"), ("face delete", "name"), ("face show", "name")):
        offered = await stage.member.autocomplete(stage.channel, command, option, "")
        assert [choice["value"] for choice in offered] == ["Adam", "Eva"]
    offered = await stage.member.autocomplete(stage.channel, "face default", "name", "DA")
    assert [choice["value"] for choice in offered] == ["Adam"]


@faces_on
async def test_a_member_sees_and_deletes_their_faces(stage: Stage) -> None:
    await ask(stage, "face save", name="`Eva` <@1>", picture=EVA, default=True)
    shown = await stage.member.slash(stage.channel, "face show", name="'eva' <@1>")
    assert "'Eva' <@1>" in said(shown)
    assert shown.response is not None
    (attachment,) = shown.response.attachments
    assert Image.open(BytesIO(await attachment.read())).size == (80, 60)
    assert wording("faces.default_line") in await ask(stage, "face list")
    assert wording("faces.deleted") in await ask(stage, "face delete", name="'Eva' <@1>")
    assert wording("faces.none") in await ask(stage, "face list")


@faces_on
async def test_a_rejected_face_is_explained_and_not_saved(stage: Stage) -> None:
    for name, file, words in (
        ("Eva", ("v.png", video()), "`picture` needs a picture, but `v.png` is a video"),
        ("Eva", ("a.png", b"words"), "`a.png` isn't a picture"),
        ("Eva", ("a.png", picture("PNG")[:300]), "is incomplete"),
        ("\u202e", EVA, wording("refused.face_name")),
    ):
        assert words in await ask(stage, "face save", name=name, picture=file)
    assert wording("faces.none") in await ask(stage, "face list")
    for name in ("one", "two"):
        await ask(stage, "face save", name=name, picture=EVA)
    assert "You already have 2 saved faces" in await ask(stage, "face save", name="three", picture=EVA)


@faces_on
async def test_a_face_is_not_used_after_its_days(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    await stage.execute("UPDATE faces SET expires_at = ?", stage.clock.now())
    await (await order_without_file(stage, face="Eva")).refused("no saved face called `Eva`")
    assert await stage.app.client.orders.saved_faces.sweep() == 1


async def test_without_a_key_the_commands_say_so_and_models_ask_for_a_file(stage: Stage) -> None:
    given: dict[str, dict[str, Any]] = {"save": {"picture": EVA}, "show": {}, "default": {}}
    for command, options in given.items():
        assert wording("refused.faces_off") in await ask(stage, f"face {command}", name="Eva", **options)
    commands = await stage.app.client.tree.fetch_commands()
    (model,) = [command for command in commands if command.name == "faceswap-v5"]
    asked = {option.name: option.required for option in model.options}  # type: ignore[union-attr]
    assert asked["source_image"]
    assert "face" not in asked
