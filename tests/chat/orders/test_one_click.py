"""Guided orders: the menu that uses the default face at once."""

from typing import Any

import pytest
import simcord

from tests.chat.admin_harness import said
from tests.chat.orders.forms import TARGET, fields, order_of
from tests.chat.orders.own_faces import EVA, KEY, width_sent
from tests.harness import Reply, Stage
from tests.media.files import picture, video

ONE_CLICK = "Swap my face into this"


async def click_into(stage: Stage, *files: tuple[str, bytes]) -> simcord.InteractionResult:
    message = await stage.another_member("bob").send(stage.channel, "look", attachments=list(files))
    return await stage.member.context_menu(stage.channel, ONE_CLICK, message)


@pytest.mark.stage(faces={"key": KEY})
@pytest.mark.parametrize(("file", "slug"), [(TARGET, "faceswap-v5"), (("v.mp4", video()), "ai-face-swap")])
async def test_one_click_puts_the_default_face_into_a_picture_or_a_video(
    stage: Stage, file: tuple[str, bytes], slug: str
) -> None:
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    reply = Reply(stage.env, await click_into(stage, file))
    assert (await order_of(stage, reply)).slug == slug
    assert await width_sent(stage, slug) == 80


@pytest.mark.stage(faces={"key": KEY})
async def test_one_click_uses_the_model_that_the_server_prefers(stage: Stage, server: Any) -> None:
    await server.tell("defaults", model="faceswap-comic")
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    reply = Reply(stage.env, await click_into(stage, TARGET))
    assert (await order_of(stage, reply)).slug == "faceswap-comic"


@pytest.mark.stage(faces={"key": KEY})
async def test_one_click_asks_where_something_is_left_to_choose(stage: Stage) -> None:
    assert "face" in fields(await click_into(stage, TARGET))
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    assert "which" in fields(await click_into(stage, TARGET, ("b.png", picture("PNG", 64, 50))))


async def confirming(stage: Stage) -> simcord.InteractionResult:
    """Click as a member who confirms prices."""
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    await stage.member.slash(stage.channel, "credits confirm", on=True)
    return await click_into(stage, TARGET)


@pytest.mark.stage(faces={"key": KEY})
async def test_one_click_shows_the_price_first_to_a_member_who_confirms(stage: Stage) -> None:
    asked = await confirming(stage)
    assert "Face swap v5 costs **5 credits**. Put your face into this?" in said(asked)
    assert await stage.app.store.job_history.of_member(stage.member.id) == []
    assert asked.response is not None
    reply = Reply(stage.env, await stage.member.click(asked.response, label="Order"))
    assert (await order_of(stage, reply)).slug == "faceswap-v5"
    assert len(await stage.app.store.job_history.of_member(stage.member.id)) == 1
    assert "shows you the price first" in said(await stage.member.slash(stage.channel, "credits confirm"))
    off = await stage.member.slash(stage.channel, "credits confirm", on=False)
    assert "orders at once" in said(off)
    await order_of(stage, Reply(stage.env, await click_into(stage, TARGET)))


@pytest.mark.stage(faces={"key": KEY})
async def test_a_confirmed_price_that_rose_is_asked_again(stage: Stage, server: Any) -> None:
    await server.tell("event", hours=1, cap=50, discount=60)
    asked = await confirming(stage)
    assert "costs **2 credits**" in said(asked)
    await server.tell("event", end=True)
    assert asked.response is not None
    await stage.member.click(asked.response, label="Order")
    assert "costs **5 credits**" in said(asked)
    assert await stage.app.store.job_history.of_member(stage.member.id) == []
    reply = Reply(stage.env, await stage.member.click(asked.response, label="Order"))
    assert (await order_of(stage, reply)).price == 5
