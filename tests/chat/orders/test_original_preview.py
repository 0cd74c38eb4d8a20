"""The original beside its result: small, without metadata, and only while memory allows."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from bot.chat.delivery.live_reply import LiveReplies
from bot.chat.orders.original_preview import MAX_BYTES, OriginalPreviews
from bot.chat.text import Text
from bot.jobs.job import Place
from bot.media.types import SmallCopy
from tests.clocks import HeldClock
from tests.harness import MODELS, Stage, eventually
from tests.jobs.orders import PLACE, job
from tests.media import files
from tests.wording import wording

V5 = MODELS["faceswap-v5"]
BOTH = pytest.mark.stage(card={"before_and_after": True})


def previews(most_bytes: int = MAX_BYTES) -> OriginalPreviews:
    return OriginalPreviews(Text.load(), HeldClock(), max_bytes=most_bytes)


def at(message_id: int, *, spoiler: bool = False) -> Place:
    return replace(PLACE, message_id=message_id, spoiler=spoiler)


@BOTH
async def test_a_result_stands_beside_a_copy_of_its_target(stage: Stage) -> None:
    target = files.picture("PNG", 64, 48)
    reply = await stage.order("faceswap-v5", target_image=("holiday.png", target))
    await stage.finish(reply, "Completed")
    result, before = reply.attachments
    assert result.filename.startswith("faceswap-v5-")
    assert before.filename.startswith("before-")
    assert before.description == wording("alt.before")
    assert Image.open(BytesIO(await before.read())).size == (64, 48)
    assert "holiday" not in before.filename


@BOTH
async def test_the_copy_of_a_spoiler_result_is_a_spoiler_too(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5", spoiler=True)
    await stage.finish(reply, "Completed")
    assert [each.filename.startswith("SPOILER_") for each in reply.attachments] == [True, True]


def no_pauses(*_: object) -> Iterator[float]:
    return iter(())


@BOTH
async def test_the_result_is_shown_alone_if_the_copy_is_too_large(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A step of the bar is an edit, too, and would take the error.
    monkeypatch.setattr(LiveReplies, "_pauses", no_pauses)
    reply = await stage.order("faceswap-v5")
    await reply.says("Queued")
    stage.clock.move(5)
    await reply.says("Processing")
    stage.env.inject_error("PATCH", "/webhooks/*/messages/*", status=413, code=40005, message="Too large")
    await stage.finish(reply, "Completed")
    # The simulation shows the words of an edit that it refuses.
    await eventually(lambda: reply.attachments, lambda: "the result is shown")
    (result,) = reply.attachments
    assert result.filename.endswith(".png")


@BOTH
async def test_a_video_is_not_attached_again(stage: Stage) -> None:
    reply = await stage.order("ai-face-swap", target=("clip.mp4", files.video(frames=12, rate=12)))
    await stage.finish(reply, "Completed")
    assert len(reply.attachments) == 1


def test_copies_are_dropped_when_memory_is_full_and_after_their_result() -> None:
    picture = SmallCopy(files.picture("PNG"), ".png")
    kept = previews(40_000)
    for number in range(20):
        kept.keep(at(number), picture)
    held = [number for number in range(20) if kept.of(V5, job(place=at(number)))]
    assert 0 < len(held) < 20
    assert held == list(range(held[0], 20))
    kept.forget(job(place=at(19)))
    assert kept.of(V5, job(place=at(19))) is None


def test_when_switched_off_no_copy_is_kept_and_no_link_is_shown() -> None:
    off = previews(0)
    assert not off.enabled
    body = {**job().body, "target_image": "https://images.segmind.com/b.png"}
    assert off.of(V5, job(place=at(1), body=body)) is None
