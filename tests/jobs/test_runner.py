"""A job's life, from wherever it was left."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.clock import WallClock
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, Reason, State
from bot.jobs.runner import RunnerConfig
from bot.jobs.stages import Queued
from bot.jobs.submit import FEWEST_LOOKS
from bot.registry import model_registry
from bot.sandbox.segmind import LocalSegmind, StampEngine
from bot.segmind import protocol
from bot.segmind.client import SegmindClient
from bot.store import StoreUnavailable
from tests.clocks import HeldClock
from tests.harness import local_segmind
from tests.jobs.harness import Workshop, workshop
from tests.jobs.orders import TERMS, job
from tests.media.files import picture

MODELS = model_registry("cogs")


@pytest.fixture
async def segmind() -> AsyncGenerator[LocalSegmind]:
    async with LocalSegmind(MODELS, engine=StampEngine(), speed=200) as server:
        yield server


@pytest.fixture
async def shop(tmp_path: Path, segmind: LocalSegmind) -> AsyncGenerator[Workshop]:
    async with workshop(tmp_path / "jobs.db", segmind) as opened:
        yield opened


def local(name: str = "a") -> Job:
    """A job whose pictures come along as data, so that nothing has to be fetched."""
    face = "data:image/png;base64," + base64.b64encode(picture("PNG")).decode()
    return job(name, body={"source_image": face, "target_image": face, "additional_prompt": name})


async def left_in(shop: Workshop, order: Job, *states: tuple[State, dict[str, Any]]) -> Job:
    """What a crash leaves behind: the job as far as it came, and nobody who runs it."""
    await shop.store.open(order, TERMS)
    for state, facts in states:
        order = await shop.store.move(order, replace(order, state=state, **facts))
    return order


async def test_a_job_runs_from_its_hold_to_its_capture(shop: Workshop) -> None:
    shop.runner.start(await left_in(shop, local()))
    ended, content = await shop.ended()
    assert ended.state is State.DONE
    assert content is not None
    assert content.startswith(b"\x89PNG")
    assert ended.cost == pytest.approx(0.05)
    balance = await shop.store.balance(ended.account)
    assert (balance.free, balance.held) == (95, 0)
    assert await shop.store.audit() == []


async def test_how_the_end_reached_its_member_is_written_down(shop: Workshop) -> None:
    shop.runner.start(await left_in(shop, local()))
    await shop.ended()
    told = await shop.store.find("a")
    assert told is not None
    assert (told.told, told.delivery) == (True, Delivery.EDITED)


async def test_a_job_started_twice_runs_once(shop: Workshop, segmind: LocalSegmind) -> None:
    order = await left_in(shop, local())
    shop.runner.start(order)
    shop.runner.start(order)
    await shop.ended()
    assert len(segmind.submissions) == 1


async def test_a_job_left_before_its_request_is_not_sent_and_given_back(
    shop: Workshop, segmind: LocalSegmind
) -> None:
    order = await left_in(shop, local(), (State.SUBMITTING, {"submitted_at": 1.0}))
    shop.runner.start(order)
    ended, _ = await shop.ended()
    assert (ended.state, ended.reason) == (State.FAILED, Reason.NOT_FOUND)
    assert segmind.submissions == ()
    assert (await shop.store.balance(order.account)).free == 100


async def test_a_paid_job_that_nobody_was_shown_is_shown_after_a_restart(shop: Workshop) -> None:
    shop.runner.start(await left_in(shop, local("first")))
    first, content = await shop.ended("first")
    order = await left_in(
        shop,
        local("second"),
        (State.SUBMITTING, {}),
        (State.SUBMITTED, {"request_id": "known"}),
        (State.READY, {"output": first.output}),
        (State.DONE, {"settled_at": 2.0}),
    )
    shop.runner.start(order)
    assert (await shop.ended("second"))[1] == content


async def test_a_paid_result_that_is_gone_by_now_still_ends_the_job(shop: Workshop) -> None:
    order = await left_in(
        shop,
        local(),
        (State.SUBMITTING, {}),
        (State.SUBMITTED, {"request_id": "forgotten"}),
        (State.READY, {}),
        (State.DONE, {"settled_at": 2.0}),
    )
    shop.runner.start(order)
    ended, content = await shop.ended()
    assert (ended.state, content) == (State.DONE, None)


async def test_a_result_inside_of_the_answer_is_shown_like_any_other(shop: Workshop) -> None:
    order = replace(local(), slug="faceswap-v4")
    body = {name: value for name, value in order.body.items() if name != "additional_prompt"}
    order = replace(order, body=body | {"base64": True})
    shop.runner.start(await left_in(shop, order))
    ended, content = await shop.ended()
    assert (ended.state, ended.output) == (State.DONE, None)
    assert content is not None


class Mumbling(SegmindClient):
    """A Segmind that says COMPLETED and shows nothing for it."""

    async def look(self, request_id: str) -> protocol.State:
        raise protocol.UnreadableResponse(f"{request_id} is completed without an output")


async def test_an_answer_that_never_makes_sense_ends_the_job_without_a_charge(
    tmp_path: Path, segmind: LocalSegmind
) -> None:
    async with workshop(tmp_path / "jobs.db", segmind, Mumbling) as shop:
        shop.runner.start(await left_in(shop, local()))
        ended, _ = await shop.ended()
        assert (ended.state, ended.reason) == (State.FAILED, Reason.RESULT)
        assert (await shop.store.balance(ended.account)).free == 100


class Unanswering(SegmindClient):
    """A Segmind that takes jobs and never says what became of them."""

    async def look(self, request_id: str) -> protocol.State:
        raise protocol.Unavailable(f"nobody answers for {request_id}")

    async def recall(self, request_id: str) -> protocol.Found | None:
        del request_id


async def test_a_job_is_given_up_when_its_patience_is_over(tmp_path: Path, segmind: LocalSegmind) -> None:
    async with workshop(tmp_path / "jobs.db", segmind, Unanswering, patience=0) as shop:
        shop.runner.start(await left_in(shop, local()))
        ended, _ = await shop.ended()
        assert ended.state is State.EXPIRED
        assert (await shop.store.balance(ended.account)).free == 100


class Leaping(WallClock):
    """Set forward by so many seconds, as some machines' clocks are."""

    leap = 0.0

    def now(self) -> float:
        return super().now() + self.leap


async def test_a_clock_that_is_set_forward_gives_no_job_up_that_segmind_is_at_work_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.jobs.harness.WallClock", Leaping)
    clock = HeldClock()
    async with local_segmind(clock) as segmind, workshop(tmp_path / "jobs.db", segmind, patience=600) as shop:
        shop.runner.start(await left_in(shop, local()))
        await shop.shows("a", Queued)
        vars(shop.clock)["leap"] = 3600.0
        seen = segmind.calls["status"]
        while segmind.calls["status"] < seen + 3:
            await asyncio.sleep(0.001)
        clock.move(3600)
        assert (await shop.ended())[0].state is State.DONE


class Blank(SegmindClient):
    """A Segmind whose history shows nothing."""

    finds = 0

    async def find(self, nonce: str, *, slug: str, since: float, until: float) -> protocol.Found | None:
        del nonce, slug, since, until
        self.finds += 1
        return None


async def test_what_looks_old_at_first_sight_is_looked_for_more_than_once(
    tmp_path: Path, segmind: LocalSegmind
) -> None:
    async with workshop(tmp_path / "jobs.db", segmind, Blank) as shop:
        long_ago = {"submitted_at": shop.clock.now() - 3600}
        shop.runner.start(await left_in(shop, local(), (State.SUBMITTING, long_ago)))
        ended, _ = await shop.ended()
        assert (ended.state, ended.reason) == (State.FAILED, Reason.NOT_FOUND)
        assert vars(shop.client)["finds"] == FEWEST_LOOKS


class Forgetful(SegmindClient):
    """A Segmind that has forgotten every request, and whose history cannot be read at first."""

    troubles = 0
    looks = 0

    async def look(self, request_id: str) -> protocol.State:
        # Once it is over: before that, the history would not know the end either.
        state = await super().status(request_id)
        stuck = self.looks > 20
        self.looks += 1
        return (
            state
            if isinstance(state, protocol.Queued | protocol.Processing) and not stuck
            else protocol.Expired()
        )

    async def recall(self, request_id: str) -> protocol.Found | None:
        if self.troubles:
            self.troubles -= 1
            raise protocol.Unavailable("the history is away")
        return await super().history_record(request_id)


@pytest.mark.parametrize(
    ("fault", "troubles", "state"),
    [
        (None, 0, State.DONE),
        (None, 2, State.DONE),
        (None, 3, State.EXPIRED),
        ("failed=no face", 0, State.FAILED),
        ("blocked", 0, State.BLOCKED),
        ("stuck", 0, State.EXPIRED),
    ],
)
async def test_a_forgotten_job_is_asked_for_in_the_history(
    tmp_path: Path, segmind: LocalSegmind, fault: str | None, troubles: int, state: State
) -> None:
    if fault is not None:
        segmind.faults.next("submit", fault)
    async with workshop(tmp_path / "jobs.db", segmind, Forgetful) as shop:
        vars(shop.client)["troubles"] = troubles
        shop.runner.start(await left_in(shop, local()))
        ended, content = await shop.ended()
        assert ended.state is state
        assert (content is not None) == (state is State.DONE)
        assert ended.cost == (pytest.approx(0.05) if state is State.DONE else None)
        assert (await shop.store.balance(ended.account)).free == (95 if state is State.DONE else 100)


async def test_a_job_goes_on_when_its_database_was_away_for_a_while(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await left_in(shop, local())
    move, find, failures = shop.store.move, shop.store.find, iter(range(4))

    async def away(*_: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    async def moved(job: Job, to: Job, **options: Any) -> Job:
        return await (away() if next(failures, None) is not None else move(job, to, **options))

    monkeypatch.setattr(shop.store, "move", moved)
    monkeypatch.setattr(shop.store, "find", away)
    shop.runner.start(order)
    await asyncio.sleep(0.05)
    monkeypatch.setattr(shop.store, "find", find)
    assert (await shop.ended())[0].state is State.DONE


async def test_an_end_that_cannot_be_shown_yet_is_shown_later(shop: Workshop, segmind: LocalSegmind) -> None:
    shop.diary.trouble = [ConnectionError("no way to Discord"), RuntimeError("a bug")]
    shop.runner.start(await left_in(shop, local()))
    ended, content = await shop.ended()
    assert ended.state is State.DONE
    assert content is not None
    assert shop.diary.trouble == []
    assert len(segmind.submissions) == 1


async def test_a_job_that_moved_on_without_this_runner_is_let_go(
    shop: Workshop, segmind: LocalSegmind
) -> None:
    order = local()
    await left_in(shop, order, (State.CANCELLED, {"settled_at": 1.0}))
    shop.runner.start(order)
    while any(task.get_name() == f"job {order.id}" for task in asyncio.all_tasks()):
        await asyncio.sleep(0.01)
    assert segmind.submissions == ()
    assert (await shop.store.balance(order.account)).free == 100


def test_a_position_far_back_is_looked_at_less_often() -> None:
    config = RunnerConfig(line_refresh=5)
    assert [config.refresh(position) for position in (1, 10, 20, 120, 5000)] == [5, 5, 10, 60, 60]
    # A thousand who wait stay below the fifty requests a second that Discord bears.
    assert sum(1 / config.refresh(position) for position in range(1, 1001)) < 25
