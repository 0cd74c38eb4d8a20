"""The dashboard of the whole bot: its figures, and the switch that pauses submissions."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.jobs.ports import StoreUnavailable
from tests.harness import Stage
from tests.ops.conftest import ANY_PORT
from tests.ops.dashboard.visitor import SECRET, TOKEN, visiting
from tests.ops.scrape import fetch, scrape
from tests.ops.test_health import problems_at
from tests.patience import PATIENCE

SLUG = "faceswap-v5"
WITH_PAGE = pytest.mark.stage(ops={"listen": ANY_PORT, "page_token": SECRET})


async def read_figures(stage: Stage, there: Callable[[Any], object] = bool) -> Any:
    """First figures that meet the condition."""
    async with visiting(stage.app.served_at) as visitor, asyncio.timeout(PATIENCE):
        while True:
            answer = await visitor.ask("GET", "figures", Authorization=f"Bearer {TOKEN}")
            assert answer.status == 200, answer.text
            if there(found := json.loads(answer.text)):
                return found
            await asyncio.sleep(0.05)


async def press_switch(stage: Stage, which: str) -> Any:
    async with visiting(stage.app.served_at) as visitor:
        answer = await visitor.ask("POST", which, Authorization=f"Bearer {TOKEN}")
        assert answer.status == 200, answer.text
        return json.loads(answer.text)


@WITH_PAGE
async def test_the_page_shows_a_job_in_flight_and_no_member(stage: Stage) -> None:
    reply = await stage.order(SLUG, additional_prompt="a prompt of a member")
    await reply.says("Queued")
    job = await stage.job(reply)
    seen = await read_figures(stage, lambda it: it["jobs"]["counts"] and it["ledger"])
    (count,) = seen["jobs"]["counts"]
    assert (count["model"], count["state"], count["jobs"]) == (SLUG, "processing", 1)
    (shown,) = seen["jobs"]["oldest"]
    assert shown["id"] == job.id
    assert seen["queue"]["running"] == 1
    assert (seen["discord"]["online"], seen["discord"]["wanted"], seen["discord"]["ready"]) == (1, 1, True)
    segmind = seen["segmind"]
    assert (segmind["open_breakers"], segmind["closed"], segmind["empty"]) == ([], [], False)
    assert segmind["responses"]["hour"]["200"] >= 3
    assert (seen["stale"], seen["pause"]) == (False, None)
    assert (seen["ledger"]["wrong"], seen["ledger"]["jobs"]) == (0, 1)
    assert seen["spend"]["today"] == pytest.approx(0.05)
    assert [model["slug"] for model in seen["models"] if model["usual"] > 0]
    text = json.dumps(seen)
    for hidden in (stage.member.id, stage.channel.id, job.place.message_id, job.place.token, "a prompt"):
        assert str(hidden) not in text
    await stage.finish(reply, "Completed")
    ended = await read_figures(stage, lambda it: not it["jobs"]["counts"] and it["spend"]["servers"])
    (month,) = ended["spend"]["servers"]
    assert (month["id"], month["name"], month["spent"]) == (str(stage.guild.id), "Testers", job.price)
    assert (ended["jobs"]["oldest"], ended["segmind"]["left"]) == ([], pytest.approx(stage.segmind.balance))


@WITH_PAGE
async def test_an_unavailable_database_is_reported_and_the_rest_is_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read_figures(stage, lambda it: it["ledger"])

    async def away(_overview: object, _now: float) -> None:
        raise StoreUnavailable("connection to a-host failed for user a-user")

    async def refuses(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("bot.store.read.dashboard.DashboardQueries.present", away)
        broken.setattr("bot.store.read.dashboard.DashboardQueries.past", away)
        seen = await read_figures(stage, lambda it: it["stale"])
        assert seen["discord"]["online"] == 1
        # The page keeps showing the last figures.
        assert seen["jobs"] == {"counts": [], "oldest": []}
        assert "a-host" not in json.dumps(seen)
        broken.setattr(stage.app.store, "write_value", refuses)
        async with visiting(stage.app.served_at) as visitor:
            answer = await visitor.ask("POST", "pause", Authorization=f"Bearer {TOKEN}")
            assert answer.status == 503
            assert answer.error.startswith(
                "The database can't be written to right now, so nothing was changed."
            )
    assert not (await read_figures(stage, lambda it: not it["stale"]))["pause"]


@WITH_PAGE
async def test_while_paused_new_orders_wait_and_submitted_jobs_are_delivered(stage: Stage) -> None:
    sent = await stage.order(SLUG)
    await sent.says("Queued")
    assert (await press_switch(stage, "pause"))["pause"] > 0
    waiting = await stage.order(SLUG)
    assert "Not sent yet" in await waiting.says("Paused", "paused new orders")
    await stage.finish(sent, "Completed")
    assert len(stage.segmind.submissions) == 1
    paused = await read_figures(
        stage, lambda it: it["pause"] and it["jobs"]["counts"][0]["state"] == "waiting"
    )
    assert [count["jobs"] for count in paused["jobs"]["counts"]] == [1]
    assert (await scrape(stage.app.served_at))("doppel_submissions_paused_seconds") > 0
    # A pause is no problem: the bot still takes orders.
    assert await problems_at(stage.app.served_at, "/readyz") == {}
    assert (await press_switch(stage, "resume"))["pause"] is None
    await waiting.says("Queued")
    await stage.finish(waiting, "Completed")
    assert (await scrape(stage.app.served_at))("doppel_submissions_paused_seconds") == 0
    assert len(stage.segmind.submissions) == 2


async def test_without_a_token_nothing_is_sampled(stage: Stage) -> None:
    status, _, text = await fetch(stage.app.served_at, "/")
    assert status == 404
    assert "DOPPEL_OPS__PAGE_TOKEN" in text
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "the operator's page"]
