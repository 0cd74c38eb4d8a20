"""Every model's command, from the slash to the picture in the reply."""

from io import BytesIO
from itertools import groupby
from typing import Any

import pytest
from PIL import Image

from bot.jobs.job import State
from tests.harness import Stage
from tests.media.files import picture, video
from tests.media.marks import is_marked
from tests.segmind_docs import MODELS, PRICES

# Options that differ from their defaults, as a member may set them.
CHOSEN: dict[str, dict[str, Any]] = {
    "faceswap-v4": {"swap_type": "face", "hardware": "cost", "image_quality": 10, "seed": -5},
    "faceswap-v5": {"additional_prompt": "a smile", "image_format": "webp", "quality": 100},
    "faceswap-v3-multifaceswap": {
        "source_faces_index": "0, 1",
        "input_faces_index": "2,0",
        "face_restore": "GFPGANv1.4.pth",
        "face_restore_weight": 0.5,
    },
    "faceswap-comic": {"cfg": 0.1, "steps": 50, "prompt": "happy", "mask_image": ("m.png", picture("PNG"))},
    "ai-face-swap": {"face_selector_race": "none", "pixel_boost": "128x128", "face_selector_age_end": 60},
}


def state_of(edit: str) -> str:
    return next(
        word for word in ("Waiting", "Queued", "Processing", "Completed", "Failed", "Blocked") if word in edit
    )


@pytest.mark.parametrize("slug", MODELS)
async def test_an_order_shows_its_states_brings_the_picture_and_captures_its_price(
    stage: Stage, slug: str
) -> None:
    reply = await stage.order(slug)
    await reply.says("Queued")
    stage.clock.move(stage.app.models[slug].card.seconds * 0.5)
    await reply.says("Processing")
    stage.clock.move(stage.app.models[slug].card.seconds)
    await reply.says("Completed", "AI-generated")
    # The bar moves in between, so a state may be drawn more than once.
    states = [state for state, _ in groupby(map(state_of, reply.edits))]
    assert states == ["Queued", "Processing", "Completed"]
    (attachment,) = reply.attachments
    content = await attachment.read()
    assert "AI-generated" in (attachment.description or "")
    assert Image.open(BytesIO(content)).size == Image.open(BytesIO(picture("PNG"))).size
    assert is_marked(content)
    balance = await stage.app.store.balance(stage.account)
    assert (balance.free, balance.held) == (100 - PRICES[slug], 0)
    assert await stage.app.store.discrepancies() == []


@pytest.mark.parametrize("slug", CHOSEN)
async def test_options_go_over_the_wire_as_the_member_set_them(stage: Stage, slug: str) -> None:
    reply = await stage.order(slug, **CHOSEN[slug])
    await reply.says("Queued")
    (sent,) = stage.segmind.submissions
    plain = {name: value for name, value in CHOSEN[slug].items() if name != "mask_image"}
    assert sent.slug == slug
    assert {name: sent.body[name] for name in plain} == {
        name: value.replace(" ", "") if name.endswith("_index") else value for name, value in plain.items()
    }
    assert sent.body.get("base64", False) is False
    # Each order gets a seed of its own.
    untouched = set(MODELS[slug]) - {"seed"} - set(CHOSEN[slug]) - set(stage.app.models[slug].slots())
    assert all(sent.body.get(name) == MODELS[slug][name].default for name in untouched)


async def test_a_video_comes_back_as_a_video_and_costs_its_length(stage: Stage) -> None:
    clip = video(frames=25, rate=2)
    reply = await stage.order("ai-face-swap", target=("clip.mp4", clip))
    await reply.says("Queued")
    assert (await stage.app.store.balance(stage.account)).held == 22
    await stage.finish(reply, "Completed")
    (attachment,) = reply.attachments
    assert attachment.filename.endswith(".mp4")
    assert is_marked(await attachment.read())


@pytest.mark.parametrize("slug", MODELS)
async def test_a_failed_job_shows_segminds_reason_and_costs_nothing(stage: Stage, slug: str) -> None:
    for fault, reason, state, word in (
        ("failed=CUDA%20out%20of%20memory", "CUDA out of memory", State.FAILED, "Failed"),
        ("blocked=Content blocked by RAI policy", "Content blocked by RAI policy", State.BLOCKED, "Blocked"),
    ):
        stage.segmind.faults.next("submit", fault)
        reply = await stage.order(slug)
        await reply.says("Queued")
        assert reason in await stage.finish(reply, word, "Nothing was charged")
        balance = await stage.app.store.balance(stage.account)
        assert (balance.free, balance.held) == (100, 0)
        assert (await stage.job(reply)).state is state
    assert len(stage.segmind.submissions) == 2


async def test_queued_members_see_their_position(stage: Stage) -> None:
    replies = [await stage.order("faceswap-v5") for _ in range(4)]
    for reply in replies[:2]:
        await reply.says("Queued")
    await replies[2].says("Waiting in line", "number 1 in line")
    await replies[3].says("Waiting in line", "number 2 in line")
    assert len(stage.segmind.submissions) == 2
    for reply in replies:
        await stage.finish(reply, "Completed")
    assert state_of(replies[3].edits[0]) == "Waiting"
    assert len(stage.segmind.submissions) == 4


async def test_several_members_swap_at_once(stage: Stage) -> None:
    others = [stage.another_member(f"member{index}") for index in range(5)]
    replies = [await stage.order_as(other, "faceswap-v5") for other in others]
    for reply in replies:
        await stage.finish(reply, "Completed")
    assert len({submission.body["source_image"] for submission in stage.segmind.submissions}) == 5
    assert await stage.app.store.discrepancies() == []
