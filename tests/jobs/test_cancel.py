"""An order is taken back while it costs nothing, and never once it was sent."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.job import Job, State
from bot.jobs.ports import StaleJob
from bot.jobs.stages import Queued, Waiting
from bot.sandbox.segmind import LocalSegmind, StampEngine
from bot.store import StoreUnavailable
from tests.jobs.harness import Workshop, workshop
from tests.jobs.orders import TERMS
from tests.jobs.test_runner import MODELS, local


@pytest.fixture
async def segmind() -> AsyncGenerator[LocalSegmind]:
    async with LocalSegmind(MODELS, engine=StampEngine(), speed=200) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else tmp_path / "jobs.db"


@pytest.fixture
async def shop(database: Path | str, segmind: LocalSegmind) -> AsyncGenerator[Workshop]:
    async with workshop(database, segmind) as opened:
        yield opened


async def test_a_job_that_waits_is_taken_back_told_and_given_its_credits(
    shop: Workshop, segmind: LocalSegmind
) -> None:
    segmind.faults.always("submit", "stuck")
    *_, last = jobs = [local(name) for name in "abcdef"]
    for job in jobs:
        await shop.store.open(job, TERMS)
        shop.runner.start(job)
    await shop.shows("f", Waiting)
    await shop.runner.cancel(last)
    ended, content = await shop.ended("f")
    assert (ended.state, content) == (State.CANCELLED, None)
    assert shop.line.length == 0
    balance = await shop.store.balance(last.account)
    assert (balance.free, balance.held) == (75, 25)
    assert await shop.store.audit() == []


async def test_a_job_that_was_sent_is_not_taken_back(shop: Workshop) -> None:
    job = local()
    await shop.store.open(job, TERMS)
    shop.runner.start(job)
    await shop.shows("a", Queued)
    with pytest.raises(StaleJob):
        await shop.runner.cancel(job)
    assert (await shop.ended())[0].state is State.DONE
    assert (await shop.store.balance(job.account)).free == 95


async def test_a_cancelling_that_was_written_and_not_heard_of_is_told_all_the_same(
    shop: Workshop, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmind.faults.always("submit", "failed=no face")
    *_, last = jobs = [local(name) for name in "abcdef"]
    move = shop.store.move

    async def unheard(job: Job, to: Job, **options: Any) -> Job:
        moved = await move(job, to, **options)
        if to.state is State.CANCELLED:
            raise StoreUnavailable("the answer was lost")
        return moved

    monkeypatch.setattr(shop.store, "move", unheard)
    for job in jobs:
        await shop.store.open(job, TERMS)
        shop.runner.start(job)
    with pytest.raises(StoreUnavailable):
        await shop.runner.cancel(last)
    ended, _ = await shop.ended("f")
    assert ended.state is State.CANCELLED
    assert len(segmind.submissions) == 5
    assert await shop.store.audit() == []


async def test_whoever_cancels_while_it_is_being_sent_either_has_it_back_or_pays_for_a_result(
    shop: Workshop, segmind: LocalSegmind
) -> None:
    jobs = [local(f"job{number}") for number in range(24)]
    taken_back = Counter[str]()

    async def change_of_mind(job: Job, turns: int) -> None:
        await shop.store.open(job, TERMS)
        shop.runner.start(job)
        for _ in range(turns):
            await asyncio.sleep(0)
        tries = await asyncio.gather(*(shop.runner.cancel(job) for _ in range(2)), return_exceptions=True)
        assert all(answer is None or isinstance(answer, StaleJob) for answer in tries)
        taken_back[job.id] = tries.count(None)

    # Four at once, for which there is room: each is about to be sent when its member thinks again.
    for first in range(0, len(jobs), 4):
        await asyncio.gather(*(change_of_mind(job, first // 4) for job in jobs[first : first + 4]))
    for job in jobs:
        ended, _ = await shop.ended(job.id)
        assert ended.state is (State.CANCELLED if taken_back[job.id] else State.DONE)
    sent = [submission.body["additional_prompt"] for submission in segmind.submissions]
    assert sorted(sent) == sorted(job.id for job in jobs if not taken_back[job.id])
    assert {*taken_back.values()} == {0, 1}
    balance = await shop.store.balance(jobs[0].account)
    assert (balance.free, balance.held) == (100 - 5 * len(sent), 0)
    assert await shop.store.audit() == []
    assert shop.line.length == shop.line.running == 0
