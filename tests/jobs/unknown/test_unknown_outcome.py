"""Jobs whose request may have been sent: found, never sent again, and never in each other's place."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from bot.jobs.job import Job, Reason, State
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.history import HistoryRow
from bot.segmind.states import Accepted
from bot.store.tables import jobs
from tests.jobs.harness import JobHarness, inline_job, job_harness
from tests.jobs.unknown.histories import row_of
from tests.postgres import connected


@pytest.fixture
async def harness(url: str, segmind: LocalSegmind) -> AsyncGenerator[JobHarness]:
    async with job_harness(url, segmind) as opened:
        yield opened


async def finish_another(harness: JobHarness, job_id: str = "another") -> Job:
    """Finish a job whose request proves what the history shows."""
    harness.runner.start(await harness.leave_open(inline_job(job_id)))
    ended, _ = await harness.ended(job_id)
    return ended


async def test_a_job_that_was_left_in_submitting_is_not_sent_and_its_hold_is_released(
    harness: JobHarness, segmind: LocalSegmind
) -> None:
    order = await harness.leave_open(inline_job(), (State.SUBMITTING, {"submitted_at": 1.0}))
    await finish_another(harness)
    harness.runner.start(order)
    ended, _ = await harness.ended()
    assert (ended.state, ended.reason) == (State.FAILED, Reason.NOT_FOUND)
    assert len(segmind.submissions) == 1
    assert (await harness.store.balance(order.account)).free == 95


async def test_a_found_request_that_another_job_has_is_not_tried_for_ever(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await finish_another(harness)
    await finish_another(harness, "proof")
    order = await harness.leave_open(inline_job(), (State.SUBMITTING, {"submitted_at": 1.0}))
    history_page, requests_among = harness.client.history_page, harness.store.requests_among
    conflicts = 0

    async def history(page: int, **window: float) -> Sequence[HistoryRow]:
        rows = await history_page(page, **window)
        return [row_of(order, other.request_id), *rows] if page == 1 else rows

    async def among(request_ids: Sequence[str]) -> Any:
        nonlocal conflicts
        found = dict(await requests_among(request_ids))
        # The other job got its request in the moment after this query.
        if other.request_id in found and not conflicts:
            conflicts += 1
            del found[other.request_id]
        return found

    monkeypatch.setattr(harness.client, "history_page", history)
    monkeypatch.setattr(harness.store, "requests_among", among)
    harness.runner.start(order)
    ended, _ = await harness.ended()
    assert (ended.state, ended.reason) == (State.FAILED, Reason.NOT_FOUND)
    assert conflicts == 1
    assert await harness.store.discrepancies() == []


async def test_a_response_with_the_request_of_another_job_is_an_unknown_outcome(
    harness: JobHarness, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await finish_another(harness)
    submit = harness.client.submit

    async def replayed(slug: str, body: Any) -> Accepted:
        await submit(slug, body)
        return Accepted(other.request_id or "")

    monkeypatch.setattr(harness.client, "submit", replayed)
    harness.runner.start(await harness.leave_open(inline_job()))
    ended, _ = await harness.ended()
    assert ended.state is State.DONE
    assert ended.request_id not in {None, other.request_id}
    assert len(segmind.submissions) == 2


@pytest.mark.parametrize("fault", [None, "drop-after"])
async def test_a_job_that_waits_again_after_lost_commits_is_not_sent_again(
    harness: JobHarness, url: str, segmind: LocalSegmind, fault: str | None
) -> None:
    order = await harness.leave_open(inline_job())
    if fault is not None:
        segmind.faults.next("submit", fault)
    submitted = await harness.submitter.submit(order)
    assert submitted.state is (State.SUBMITTED if fault is None else State.UNKNOWN)
    # A standby takes over without the last commits.
    lost = {"state": State.HELD, "submitted_at": None, "request_id": None}
    async with connected(url) as connection:
        await connection.execute(jobs.update().values(lost))
    found = await harness.store.find(order.id)
    assert found is not None
    assert found.state is State.HELD
    harness.runner.start(found)
    ended, _ = await harness.ended()
    assert ended.state is State.DONE
    assert ended.request_id == segmind.submissions[0].request_id
    assert len(segmind.submissions) == 1
    assert await harness.store.discrepancies() == []


async def test_an_adopted_waiting_job_is_looked_up_before_it_is_sent(url: str, segmind: LocalSegmind) -> None:
    async with job_harness(url, segmind) as harness:
        sent, waiting = [await harness.leave_open(inline_job(name)) for name in "ab"]
        # The process died, and the commit that told of this request was lost.
        await harness.client.submit(sent.slug, sent.body)
    async with job_harness(url, segmind) as harness:
        async for adopted in harness.store.adopt():
            for job in adopted:
                harness.runner.start(job)
        first, _ = await harness.ended(sent.id)
        second, _ = await harness.ended(waiting.id)
        assert [first.state, second.state] == [State.DONE, State.DONE]
        assert first.request_id == segmind.submissions[0].request_id
        assert len(segmind.submissions) == 2
        # Both were looked up in one pass.
        assert segmind.calls["history"] == 2
        assert await harness.store.discrepancies() == []
