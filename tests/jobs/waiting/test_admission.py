"""Positions far back are refreshed less often, and unknown outcomes do not keep the capacity."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.jobs.job import State
from bot.jobs.stages import Searching
from bot.jobs.waiting.admission import interval_at
from bot.sandbox.segmind import LocalSegmind
from bot.segmind.client import SegmindClient
from bot.segmind.errors import OutcomeUnknown
from bot.segmind.states import Accepted
from tests.harness import eventually
from tests.jobs.harness import inline_job, job_harness

NAMES = "abcdef"
"""One more than may be in flight."""


def test_a_position_far_back_is_updated_less_often() -> None:
    assert [interval_at(position, 5) for position in (1, 10, 20, 120, 5000)] == [5, 5, 10, 60, 60]
    # A thousand waiting jobs stay below the fifty requests a second that Discord allows.
    assert sum(1 / interval_at(position, 5) for position in range(1, 1001)) < 25


class LostResponses(SegmindClient):
    """Client whose responses to submissions are lost."""

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        await super().submit(slug, body)
        raise OutcomeUnknown("cut off")


async def test_jobs_of_unknown_outcome_free_their_capacity_after_a_while(
    sqlite_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.waiting.admission.UNKNOWN_CAPACITY_SECONDS", 0.1)
    segmind.faults.always("history", "error-before=502")
    async with job_harness(sqlite_url, segmind, LostResponses) as harness:
        for name in NAMES:
            harness.runner.start(await harness.leave_open(inline_job(name)))
        for name in NAMES:
            await harness.shows(name, Searching)
        await eventually(lambda: harness.queue.running == 0, lambda: "the capacity is free")
        segmind.faults.clear()
        for name in NAMES:
            assert (await harness.ended(name))[0].state is State.DONE
        await eventually(lambda: not harness.runner.running, lambda: "all tasks end")
        assert harness.queue.running == harness.queue.length == 0
        assert len(segmind.billed) == len(NAMES)


async def test_a_job_that_is_found_uses_capacity_again(
    sqlite_url: str, segmind: LocalSegmind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.waiting.admission.UNKNOWN_CAPACITY_SECONDS", 0.0)
    segmind.faults.always("submit", "stuck")
    segmind.faults.always("history", "error-before=502")
    async with job_harness(sqlite_url, segmind, LostResponses) as harness:
        harness.runner.start(await harness.leave_open(inline_job()))
        await harness.shows("a", Searching)
        await eventually(lambda: harness.queue.running == 0, lambda: "the capacity is free")
        segmind.faults.clear()
        await eventually(lambda: harness.queue.running == 1, lambda: "the found job uses it")
