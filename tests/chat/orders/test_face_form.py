"""An order without a face is asked for one, with a form."""

from typing import Any

import pytest

from bot.chat.orders import preparation
from tests.chat.admin_harness import Server, said
from tests.chat.orders.forms import TARGET, choices, fields, open_form
from tests.chat.orders.own_faces import ADAM, EVA, KEY, ask, faces_on, order_without_file, width_sent
from tests.harness import Reply, Stage, texts
from tests.media.files import picture
from tests.wording import wording


async def submitted(stage: Stage, shown: Any, **values: Any) -> Reply:
    return Reply(stage.env, await stage.member.submit_modal(shown, values))


@faces_on
async def test_the_form_shows_the_price_and_the_saved_faces(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    shown = (await order_without_file(stage, "faceswap-v4", model_type="quality")).result
    assert shown.modal is not None
    assert texts(shown.modal["components"]) == ["19 credits · about 33 s. You only pay if there is a result."]
    assert choices(fields(shown)["saved"]) == ["Eva"]
    assert not fields(shown)["face"]["required"]


@faces_on
@pytest.mark.parametrize(("values", "width"), [({"saved": ["Eva"]}, 80), ({"face": ADAM}, 90)])
async def test_the_order_goes_on_with_the_face_of_the_form(
    stage: Stage, values: dict[str, Any], width: int
) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    shown = (await order_without_file(stage, seed=5, hidden=True)).result
    reply = await submitted(stage, shown, **values)
    await stage.finish(reply, "Completed")
    job = await stage.job(reply)
    assert (job.body["seed"], job.place.hidden) == (5, True)
    assert await width_sent(stage) == width


@faces_on
async def test_a_member_without_saved_faces_has_to_attach_one(stage: Stage) -> None:
    asked = fields((await order_without_file(stage)).result)
    assert list(asked) == ["face"]
    assert asked["face"]["required"]


@pytest.mark.stage(faces={"key": KEY}, credits={"start": 4})
async def test_nobody_is_asked_for_the_face_of_an_order_that_they_cannot_pay(stage: Stage) -> None:
    await (await order_without_file(stage)).refused("You need 5 credits")


@faces_on
async def test_a_form_that_was_sent_without_a_face_is_followed_by_a_button(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    reply = await submitted(stage, await open_form(stage), target=TARGET, path="fast")
    await reply.refused("A face is missing")
    assert reply.result.response is not None
    shown = await stage.member.click(reply.result.response.message, label="Add a face")
    await stage.finish(await submitted(stage, shown, saved=["Eva"]), "Completed")
    assert await width_sent(stage) == 80


@faces_on
async def test_the_price_is_that_of_all_targets(stage: Stage) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    targets = [TARGET, ("b.png", picture("PNG", 64, 50)), ("c.png", picture("PNG", 64, 52))]
    reply = await submitted(stage, await open_form(stage), target=targets, path="fast")
    assert reply.result.response is not None
    shown = await stage.member.click(reply.result.response.message, label="Add a face")
    assert shown.modal is not None
    assert texts(shown.modal["components"])[0].startswith("15 credits")
    await (await submitted(stage, shown, saved=["Eva"])).says("0 of 3 done")


@faces_on
@pytest.mark.parametrize(("cap", "price"), [(9, "6 credits"), (8, "15 credits")])
async def test_an_event_lowers_the_price_if_it_can_pay_for_all_targets(
    stage: Stage, server: Server, cap: int, price: str
) -> None:
    await ask(stage, "face save", name="Eva", picture=EVA)
    await server.tell("event", hours=1, cap=cap, discount=60)
    targets = [TARGET, ("b.png", picture("PNG", 64, 50)), ("c.png", picture("PNG", 64, 52))]
    reply = await submitted(stage, await open_form(stage), target=targets, path="fast")
    assert reply.result.response is not None
    shown = await stage.member.click(reply.result.response.message, label="Add a face")
    assert shown.modal is not None
    assert texts(shown.modal["components"])[0].startswith(price)


@faces_on
async def test_a_face_that_a_slow_database_finds_missing_is_added_with_a_button(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "EARLY_CHECK_SECONDS", 0)
    reply = await order_without_file(stage)
    await reply.refused("A face is missing")
    shown = await stage.member.click(reply.result.followups[-1], label="Add a face")
    await stage.finish(await submitted(stage, shown, face=ADAM), "Completed")
    assert await width_sent(stage) == 90


@pytest.mark.stage(faces={"key": KEY}, consent={"required": True})
async def test_the_form_opens_after_the_consent(stage: Stage) -> None:
    asked = (await order_without_file(stage)).result
    assert wording("consent.rights") in said(asked)
    assert asked.response is not None
    shown = await stage.member.click(asked.response.message, label="I agree")
    await stage.finish(await submitted(stage, shown, face=EVA), "Completed")
