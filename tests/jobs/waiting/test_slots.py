"""Processes that share a database give its capacity to the jobs in the order in which they were placed."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.jobs.job import Job, State
from bot.jobs.ports import SlotRequest
from bot.jobs.stages import Paused, Waiting
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.scheduler import RequestKind, RequestScheduler
from tests.jobs.harness import JobHarness, inline_job, job_harness
from tests.jobs.orders import TERMS

JOBS = 30


class Requests:
    """Number of submissions that asked for a share of the key's rate."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        acquire = RequestScheduler.acquire

        async def counted(scheduler: RequestScheduler, kind: RequestKind, *args: Any, **options: Any) -> Any:
            self.count += kind is RequestKind.SUBMISSION
            return await acquire(scheduler, kind, *args, **options)

        monkeypatch.setattr(RequestScheduler, "acquire", counted)


def record_slots(harness: JobHarness, given: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Add to `given` each job that gets a slot: answers to its submission may overtake each other."""
    share_slots = harness.store.share_slots

    async def recorded(requests: Sequence[SlotRequest], *, held: Collection[str]) -> Mapping[str, int]:
        positions = await share_slots(requests, held=held)
        given.extend(job_id for job_id, position in positions.items() if position == 0)
        return positions

    monkeypatch.setattr(harness.store, "share_slots", recorded)


async def placed(harness: JobHarness, number: int) -> Job:
    order = inline_job(f"{number:02}")
    created_at = harness.clock.now() - JOBS + number
    order = replace(order, account=f"5:{number}", created_at=created_at)
    await harness.store.open(order, TERMS)
    harness.runner.start(order)
    return order


async def test_jobs_of_two_processes_are_submitted_in_the_order_of_their_creation(
    postgres_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = Requests(monkeypatch)
    async with job_harness(postgres_url, segmind) as one, job_harness(postgres_url, segmind) as other:
        given: list[str] = []
        for process in (one, other):
            process.gate.pause()
            record_slots(process, given, monkeypatch)
        # The first fills all capacity, and has most of the jobs.
        processes = [one] * 5 + [other] * 5 + [one, one, one, one, other] * 4
        jobs = [await placed(process, number) for number, process in enumerate(processes)]
        await other.shows(jobs[9].id, Paused)
        for process in (one, other):
            process.gate.resume()
        ends = await asyncio.gather(
            *(process.ended(job.id) for process, job in zip(processes, jobs, strict=True))
        )
        assert {job.state for job, _ in ends} == {State.DONE}
        assert sorted(given) == [job.id for job in jobs]
        # Each process has up to five jobs that ask, so the order is exact but for a few places.
        assert {job_id: rank for rank, job_id in enumerate(given) if rank > int(job_id) + 8} == {}
        assert requests.count == JOBS


async def test_a_job_that_is_cancelled_while_it_asks_for_a_slot_ends(
    postgres_url: str, segmind: LocalSegmind
) -> None:
    async with job_harness(postgres_url, segmind) as one, job_harness(postgres_url, segmind) as other:
        one.gate.pause()
        for number in range(5):
            await placed(one, number)
        waiting = await placed(other, 5)
        following = await placed(other, 6)
        await other.shows(following.id, Waiting)
        assert other.watcher.stages_of(waiting.id)[-1] == Waiting(1)
        assert other.watcher.stages_of(following.id)[-1] == Waiting(2)
        await other.runner.cancel(waiting)
        ended, _ = await other.ended(waiting.id)
        assert ended.state is State.CANCELLED
        one.gate.resume()
        assert (await other.ended(following.id))[0].state is State.DONE
