"""Results become files: marked, signed, and small enough, within a time limit."""

from pathlib import Path
from typing import Any

import pytest

from bot.app import build_app
from bot.chat.delivery.result_file import Result, Results
from bot.chat.text import Text
from bot.jobs.job import State
from bot.media import operations
from bot.media.types import Judgement, Limits
from bot.sandbox.avatars import SAMPLES as PHOTOGRAPHS
from bot.sandbox.operations import youngest_age
from bot.settings import SettingsError
from tests.clocks import HeldClock
from tests.harness import MODELS, local_segmind, plain_settings, settings_for, shared_workers, staged
from tests.jobs.orders import job
from tests.media import files
from tests.media.marks import is_marked
from tests.media.test_signing import CREDENTIALS, c2pa_signer, read
from tests.samples import SAMPLES

CARDS = {slug: model.card for slug, model in MODELS.items()}
DONE = job("0123", state=State.DONE)


def large() -> bytes:
    return files.picture("PNG", 512, 384)


def video() -> bytes:
    return files.video(width=320, height=240, frames=24, rate=12)


def results(min_age: float | None = None, **choices: Any) -> Results:
    settings = plain_settings(safety={"explicit": "off", "min_age": "off" if min_age is None else min_age})
    return Results(settings, CARDS, Text.load(), shared_workers(), **choices)


async def test_a_result_that_fits_is_marked_and_named_after_its_job() -> None:
    result = await results().prepare(DONE, files.picture("PNG"), 10**6)
    assert isinstance(result, Result)
    assert (result.filename, result.limit) == ("faceswap-v5-0123.png", 10**6)
    assert result.alt == "AI-generated picture: face swap with Face swap v5"


async def test_a_face_that_looks_too_young_is_doubtful_if_the_operator_wants_that(tmp_path: Path) -> None:
    astronaut = (PHOTOGRAPHS / "astronaut.jpg").read_bytes()
    # The network takes this grown-up for 28.6 years.
    for min_age, judgement in ((25, Judgement.SAFE), (35, Judgement.DOUBTFUL), (None, Judgement.SAFE)):
        found = await results(min_age=min_age, age_estimator=youngest_age).judge(astronaut)
        assert found is judgement
    strict = results(min_age=80, age_estimator=youngest_age)
    assert await strict.judge(large()) is Judgement.SAFE
    assert await strict.judge(video()) is Judgement.SAFE
    settings = settings_for("http://127.0.0.1:1", tmp_path / "doppel.db", safety={"min_age": 18})
    with pytest.raises(SettingsError, match=r"safety\.min_age needs"):
        async with build_app(settings, workers=shared_workers()):
            pytest.fail("it started")


async def test_a_result_is_signed_last_and_still_fits(tmp_path: Path) -> None:
    factory = results(c2pa_signer=await c2pa_signer(tmp_path))
    whole = await factory.prepare(DONE, large(), 10**6)
    smaller = await factory.prepare(DONE, large(), len(large()) // 2)
    just = await factory.prepare(DONE, large(), len(large()) + 100)
    moving = await factory.prepare(DONE, video(), len(video()) * 3 // 4)
    for result, media_type in (
        (whole, "image/png"),
        (smaller, "image/jpeg"),
        (just, "image/jpeg"),
        (moving, "video/mp4"),
    ):
        assert result is not None
        assert len(result.content) <= result.limit
        assert read(result.content, media_type).get_validation_state() == "Trusted"
        assert is_marked(result.content)


@pytest.mark.parametrize("slug", ["faceswap-v5", "ai-face-swap"])
async def test_the_file_that_discord_receives_is_signed(slug: str, tmp_path: Path) -> None:
    chain, key = CREDENTIALS.write(tmp_path)
    clock = HeldClock()
    signing = {"certificates": str(chain), "key": str(key)}
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "doppel.db", segmind, clock, c2pa=signing) as stage,
    ):
        reply = await stage.order(slug)
        await stage.finish(reply, "Completed")
        (attachment,) = reply.attachments
        content = await attachment.read()
    assert read(content, attachment.content_type or "").get_validation_state() == "Trusted"
    assert is_marked(content)


async def test_the_watermark_in_discord_leads_to_the_job(tmp_path: Path) -> None:
    clock = HeldClock()
    marks = {"watermark": True, "label": True}
    async with (
        local_segmind(clock) as segmind,
        staged(tmp_path / "doppel.db", segmind, clock, marks=marks) as stage,
    ):
        target = ("target.jpg", (SAMPLES / "face_a.jpg").read_bytes())
        reply = await stage.order("faceswap-v5", target_image=target)
        await stage.finish(reply, "Completed")
        (attachment,) = reply.attachments
        found = operations.detect_mark(await attachment.read(), Limits())
        assert found.code is not None
        assert found.code.day <= clock.now() < found.code.day + 86_400
        assert found.code.belongs_to(attachment.filename.removesuffix(".png").rpartition("-")[2])


async def test_a_result_that_takes_too_long_to_fit_is_no_file() -> None:
    assert await results(fit_seconds=0).prepare(DONE, video(), len(video()) // 2) is None


async def test_a_result_that_is_no_picture_is_no_file() -> None:
    assert await results().prepare(DONE, b"<html>", 10**6) is None
