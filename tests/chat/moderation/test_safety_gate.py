"""The safety gate in front of orders and of results."""

from typing import Any

import pytest

from bot.jobs.job import Reason
from bot.sandbox.segmind import StampEngine
from bot.sandbox.segmind.engine import Rendering
from tests.harness import Stage
from tests.media.test_safety_gate import MISTAKEN
from tests.wording import wording

ON = pytest.mark.stage(safety={"explicit": 0.7})


def return_as_result(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    async def render(*_: Any) -> Rendering:
        return Rendering(content, "image/png", {})

    monkeypatch.setattr(StampEngine, "render", render)


@ON
async def test_an_explicit_file_is_refused_before_there_is_an_order(stage: Stage) -> None:
    reply = await stage.order("faceswap-v5", target_image=("target.png", MISTAKEN))
    await reply.refused("`target.png` sexually explicit")
    assert (await stage.app.store.balance(stage.account)).held == 0


@ON
async def test_an_explicit_result_is_withheld_and_stays_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    return_as_result(monkeypatch, MISTAKEN)
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, wording("state.filtered"), wording("end.filtered"), "5 credits back")
    assert reply.attachments == []
    job = await stage.wait_until_told(reply)
    store = stage.app.store
    assert await store.moderation.is_taken_down(job.id)
    # The member does not pay, and nothing is held against them; Segmind was paid all the same.
    assert (await store.balance(stage.account)).free == 100
    assert await store.discrepancies() == []
    assert await store.moderation.strikes(stage.member.id, 0) == []
    (listed,) = await store.job_history.of_member(stage.member.id, limit=1)
    assert listed.reason is Reason.FILTERED
    assert "porn" not in caplog.text


@ON
async def test_a_result_that_cannot_be_judged_is_withheld(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_as_result(monkeypatch, MISTAKEN[:600])
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, wording("end.filtered"))


async def test_without_the_gate_the_same_result_is_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_as_result(monkeypatch, MISTAKEN)
    reply = await stage.order("faceswap-v5", target_image=("target.png", MISTAKEN))
    await stage.finish(reply, "Completed")
    assert len(reply.attachments) == 1
