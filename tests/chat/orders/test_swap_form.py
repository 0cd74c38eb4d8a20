"""Guided orders: the form of `/swap`."""

from typing import Any

import pytest

from tests.chat.admin_harness import said
from tests.chat.orders.forms import FACE, TARGET, choices, fields, open_form, order_of, submit_form
from tests.chat.orders.own_faces import EVA, KEY, width_sent
from tests.harness import Reply, Stage
from tests.media.files import picture, video
from tests.wording import wording


async def test_the_form_shows_each_choice_with_price_and_usual_time(stage: Stage) -> None:
    asked = fields(await open_form(stage))
    assert list(asked) == ["face", "target", "path", "wishes"]
    assert [(each["value"], each["label"]) for each in asked["path"]["options"]] == [
        ("fast", "Fast picture · 5 credits · about 10 s"),
        ("best", "Best picture · 19 credits · about 33 s"),
        ("group", "Group · 1 credit · about 8 s"),
        ("comic", "Comic · 8 credits · about 22 s"),
        ("video", "Video · 11 credits per 10 s (rounded up) · about 29 s"),
    ]
    assert asked["face"]["required"]


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("fast", "faceswap-v5"),
        ("best", "faceswap-v4"),
        ("group", "faceswap-v3-multifaceswap"),
        ("comic", "faceswap-comic"),
        ("video", "ai-face-swap"),
    ],
)
async def test_a_submitted_form_places_an_order(stage: Stage, path: str, slug: str) -> None:
    reply = await submit_form(stage, await open_form(stage), face=FACE, target=TARGET, path=path)
    await stage.finish(reply, "Completed")
    assert (await stage.job(reply)).slug == slug
    assert await width_sent(stage, slug) == 80


async def test_the_form_shows_the_prices_of_an_event_that_can_pay_them(stage: Stage, server: Any) -> None:
    def prices(shown: Any) -> list[str]:
        return [each["label"].split(" · ")[1] for each in fields(shown)["path"]["options"]]

    await server.tell("event", hours=1, cap=200, discount=60)
    assert prices(await open_form(stage)) == [
        "2 credits",
        "8 credits",
        "1 credit",
        "4 credits",
        "5 credits per 10 s (rounded up)",
    ]
    await server.tell("event", end=True)
    # It can pay for a picture, but not for a minute of video.
    await server.tell("event", hours=1, cap=10, discount=60)
    assert prices(await open_form(stage))[::4] == ["2 credits", "11 credits per 10 s (rounded up)"]


async def test_the_best_picture_uses_quality_mode_at_the_price_in_the_form(stage: Stage) -> None:
    job = await order_of(
        stage, await submit_form(stage, await open_form(stage), face=FACE, target=TARGET, path="best")
    )
    assert (job.body["model_type"], job.price) == ("quality", 19)


async def test_the_display_options_of_the_form_are_kept(stage: Stage) -> None:
    shown = await open_form(stage)
    values = {"face": FACE, "target": TARGET, "path": "fast", "wishes": ["hidden", "spoiler"]}
    reply = Reply(stage.env, await stage.member.submit_modal(shown, values))
    place = (await order_of(stage, reply)).place
    assert (place.hidden, place.spoiler, place.direct) == (True, True, False)
    assert reply.result.ephemeral


@pytest.mark.stage(faces={"key": KEY})
async def test_a_saved_face_can_be_picked_and_an_attached_one_wins(stage: Stage) -> None:
    await stage.member.slash(stage.channel, "face save", name="Eva", picture=EVA, default=True)
    shown = await open_form(stage)
    asked = fields(shown)
    assert choices(asked["saved"]) == ["Eva"]
    assert asked["saved"]["options"][0]["default"]
    assert not asked["face"]["required"]
    await stage.finish(
        await submit_form(stage, shown, target=TARGET, path="fast", saved=["Eva"]), "Completed"
    )
    assert await width_sent(stage) == 80
    other = ("b.png", picture("PNG", 100, 60))
    reply = await submit_form(
        stage, await open_form(stage), target=TARGET, path="fast", saved=["Eva"], face=other
    )
    await stage.finish(reply, "Completed")
    assert await width_sent(stage) == 100


async def test_models_that_are_off_here_are_not_offered(stage: Stage, server: Any) -> None:
    for slug in ("faceswap-v4", "faceswap-comic", "faceswap-v3-multifaceswap", "ai-face-swap"):
        await server.tell("models", model=slug, on=False)
    shown = await open_form(stage)
    assert "path" not in fields(shown)
    reply = await submit_form(stage, shown, face=FACE, target=TARGET)
    assert (await order_of(stage, reply)).slug == "faceswap-v5"
    await server.tell("models", model="faceswap-v5", on=False)
    assert wording("refused.model_off") in said(await open_form(stage))


async def test_a_video_that_is_sent_to_a_model_of_pictures_is_explained(stage: Stage) -> None:
    reply = await submit_form(
        stage, await open_form(stage), face=FACE, target=("v.mp4", video()), path="fast"
    )
    await reply.refused("needs a picture, but `v.mp4` is a video")
