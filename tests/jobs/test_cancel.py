"""A job can be cancelled while it waits, and not once it was submitted."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bot.jobs.cancellations import Cancellations
from bot.jobs.job import Job, State
from bot.jobs.ports import StaleJob, StoreUnavailable
from bot.jobs.stages import Paused, Queued, Waiting
from bot.sandbox.segmind import LocalSegmind
from bot.store.tables import jobs
from tests.jobs.harness import JobHarness, inline_job, job_harness
from tests.jobs.orders import TERMS
from tests.store.orders import adopted_by


@pytest.fixture
async def harness(url: str, segmind: LocalSegmind) -> AsyncGenerator[JobHarness]:
    async with job_harness(url, segmind) as opened:
        yield opened


async def test_a_waiting_job_is_cancelled_delivered_and_its_hold_released(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    segmind.faults.always("submit", "stuck")
    *_, last = ordered = [inline_job(name) for name in "abcdef"]
    for job in ordered:
        await harness.store.open(job, TERMS)
        harness.runner.start(job)
    await harness.shows("f", Waiting)
    await harness.runner.cancel(last)
    ended, content = await harness.ended("f")
    assert (ended.state, content) == (State.CANCELLED, None)
    assert harness.queue.length == 0
    balance = await harness.store.balance(last.account)
    assert (balance.free, balance.held) == (75, 25)
    assert await harness.store.discrepancies() == []


async def test_a_submitted_job_cannot_be_cancelled(harness: JobHarness) -> None:
    job = inline_job()
    await harness.store.open(job, TERMS)
    harness.runner.start(job)
    await harness.shows("a", Queued)
    with pytest.raises(StaleJob):
        await harness.runner.cancel(job)
    assert (await harness.ended())[0].state is State.DONE
    assert (await harness.store.balance(job.account)).free == 95


async def test_a_job_cannot_be_cancelled_because_the_database_has_lost_its_submission(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    """As after a failover to a replica that was behind."""
    segmind.faults.always("submit", "stuck")
    await harness.store.open(inline_job(), TERMS)
    harness.runner.start(inline_job())
    await harness.shows("a", Queued)
    await lose_submission(harness)
    with pytest.raises(StaleJob):
        await harness.runner.cancel(await found(harness))


async def test_a_cancellation_whose_confirmation_was_lost_is_delivered(
    harness: JobHarness, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmind.faults.always("submit", "failed=no face")
    *_, last = ordered = [inline_job(name) for name in "abcdef"]
    move = harness.store.move

    async def move_and_lose_answer(job: Job, to: Job, **options: Any) -> Job:
        moved = await move(job, to, **options)
        if to.state is State.CANCELLED:
            raise StoreUnavailable("the answer was lost")
        return moved

    monkeypatch.setattr(harness.store, "move", move_and_lose_answer)
    for job in ordered:
        await harness.store.open(job, TERMS)
        harness.runner.start(job)
    await harness.runner.cancel(last)
    *others, cancelled = [(await harness.ended(job.id))[0].state for job in ordered]
    assert (cancelled, {*others}) == (State.CANCELLED, {State.FAILED})
    assert len(segmind.submissions) == 5
    assert await harness.store.discrepancies() == []


async def test_a_job_cancelled_while_it_is_submitted_is_either_released_or_delivered(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    ordered = [inline_job(f"job{number}") for number in range(24)]
    cancellations = Counter[str]()

    async def order_and_cancel(job: Job, steps: int) -> None:
        await harness.store.open(job, TERMS)
        harness.runner.start(job)
        for _ in range(steps):
            await asyncio.sleep(0)
        # The last ones are too late, however many steps the database takes.
        while (
            job in ordered[-4:] and (found := await harness.store.find(job.id)) and found.state is State.HELD
        ):
            await asyncio.sleep(0)
        outcomes = await asyncio.gather(
            *(harness.runner.cancel(job) for _ in range(2)), return_exceptions=True
        )
        assert all(outcome is None or isinstance(outcome, StaleJob) for outcome in outcomes)
        cancellations[job.id] = outcomes.count(None)

    # Four at once, as many as capacity allows: each is about to be submitted when it is cancelled.
    for first in range(0, len(ordered), 4):
        await asyncio.gather(*(order_and_cancel(job, first // 4) for job in ordered[first : first + 4]))
    for job in ordered:
        ended, _ = await harness.ended(job.id)
        assert ended.state is (State.CANCELLED if cancellations[job.id] else State.DONE)
    sent = [submission.body["additional_prompt"] for submission in segmind.submissions]
    assert sorted(sent) == sorted(job.id for job in ordered if not cancellations[job.id])
    assert {*cancellations.values()} == {0, 1}
    balance = await harness.store.balance(ordered[0].account)
    assert (balance.free, balance.held) == (100 - 5 * len(sent), 0)
    assert await harness.store.discrepancies() == []
    assert harness.queue.length == harness.queue.running == 0


async def test_a_job_that_waits_in_another_process_is_cancelled_there(
    postgres_url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(postgres_url, segmind) as owner, job_harness(postgres_url, segmind) as other:
        owner.gate.pause()
        owner.runner.start(await owner.leave_open(inline_job()))
        await owner.shows("a", Paused)
        await other.runner.cancel(await found(other))
        await cancellations(owner).cancel_requested()
        ended, _ = await owner.ended()
        assert ended.state is State.CANCELLED
        assert other.watcher.ends == {}
        assert segmind.submissions == ()
        assert await owner.store.discrepancies() == []
        balance = await owner.store.balance(ended.account)
        assert (balance.free, balance.held) == (100, 0)


async def test_a_job_is_not_cancelled_for_another_process_that_sent_it(
    postgres_url: str, segmind: LocalSegmind
) -> None:
    """As after a failover to a replica that was behind."""
    segmind.faults.always("submit", "stuck")
    async with job_harness(postgres_url, segmind) as owner, job_harness(postgres_url, segmind) as other:
        await owner.store.open(inline_job(), TERMS)
        owner.runner.start(inline_job())
        await owner.shows("a", Queued)
        await lose_submission(owner)
        await other.runner.cancel(await found(other))
        await cancellations(owner).cancel_requested()
        assert (await found(owner)).state is State.HELD


async def test_an_adopted_job_is_not_cancelled_if_the_history_shows_its_request(
    url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(url, segmind) as harness:
        sent = await harness.leave_open(inline_job())
        # The process died, and the commit that told of this request was lost.
        await harness.client.submit(sent.slug, sent.body)
    async with job_harness(url, segmind) as harness:
        [adopted] = await adopted_by(harness.store)
        with pytest.raises(StaleJob):
            await harness.runner.cancel(adopted)
        harness.runner.start(await found(harness))
        assert (await harness.ended())[0].state is State.DONE
        assert len(segmind.submissions) == 1
        assert await harness.store.discrepancies() == []


async def test_an_adopted_job_that_nobody_sent_is_cancelled(url: str, segmind: LocalSegmind) -> None:
    async with job_harness(url, segmind) as harness:
        await harness.leave_open(inline_job())
    async with job_harness(url, segmind) as harness:
        [adopted] = await adopted_by(harness.store)
        harness.gate.pause()
        harness.runner.start(adopted)
        await harness.runner.cancel(adopted)
        assert (await harness.ended())[0].state is State.CANCELLED
        assert segmind.submissions == ()
        assert await harness.store.discrepancies() == []


async def test_a_job_is_not_sent_after_its_process_died_with_a_request_to_cancel(
    postgres_url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(postgres_url, segmind) as other:
        async with job_harness(postgres_url, segmind) as owner:
            waiting = await owner.leave_open(inline_job())
            await other.runner.cancel(waiting)
        [adopted] = await adopted_by(other.store)
        other.runner.start(adopted)
        assert (await other.ended())[0].state is State.CANCELLED
    assert segmind.submissions == ()


async def test_a_job_that_another_process_submitted_cannot_be_cancelled(
    postgres_url: str, segmind: LocalSegmind
) -> None:
    segmind.faults.always("submit", "stuck")
    async with job_harness(postgres_url, segmind) as owner, job_harness(postgres_url, segmind) as other:
        waiting = await owner.leave_open(inline_job())
        owner.runner.start(waiting)
        await owner.shows("a", Queued)
        with pytest.raises(StaleJob):
            await other.runner.cancel(waiting)


async def found(harness: JobHarness, job_id: str = "a") -> Job:
    job = await harness.store.find(job_id)
    assert job is not None
    return job


async def lose_submission(harness: JobHarness) -> None:
    """Set the database back to before the submission."""
    async with harness.store._database.begin() as connection:  # pyright: ignore[reportPrivateUsage]
        lost = {"state": State.HELD, "submitted_at": None, "request_id": None}
        await connection.execute(jobs.update().values(lost))


def cancellations(harness: JobHarness) -> Cancellations:
    return Cancellations(harness.store, harness.runner, harness.clock)
