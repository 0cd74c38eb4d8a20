"""The requests that jobs have, which a search of Segmind's history compares with."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import State
from bot.jobs.ports import RequestTaken
from bot.jobs.unknown.history_pass import KnownRequest
from bot.store import SqlStore
from bot.store.tables import jobs
from tests.store.orders import LIFE, opened, through


async def test_requests_of_jobs_are_recognized(store: SqlStore) -> None:
    waiting, running, done = [await opened(store) for _ in range(3)]
    running = await through(store, running, *LIFE[:2])
    done = await through(store, done, *LIFE)
    ids = [running.request_id or "", done.request_id or "", f"r-{waiting.id}"]
    assert await store.requests_among(ids) == {
        job.request_id: KnownRequest(job.nonce, job.submitted_at or 0) for job in (running, done)
    }
    assert await store.requests_among([]) == {}


async def test_the_last_requests_are_those_of_ended_jobs_and_of_jobs_in_flight(
    store: SqlStore, raw: AsyncConnection
) -> None:
    waiting, running, done, older = [await opened(store) for _ in range(4)]
    for job, states in ((running, LIFE[:2]), (done, LIFE), (older, LIFE)):
        await through(store, job, *states)
    await through(store, waiting, State.CANCELLED)
    for job, at in ((running, 30.0), (done, 20.0), (older, 10.0)):
        await raw.execute(jobs.update().where(jobs.c.id == job.id).values(submitted_at=at))
    assert await store.last_requests(100, limit=5) == [30, 20, 10]
    assert await store.last_requests(20, limit=5) == [20, 10]
    assert await store.last_requests(100, limit=2) == [30, 20]


async def test_a_request_belongs_to_one_job(store: SqlStore) -> None:
    first, second = [await opened(store) for _ in range(2)]
    first = await through(store, first, *LIFE[:2])
    second = await through(store, second, State.SUBMITTING)
    with pytest.raises(RequestTaken):
        await store.move(second, second.to(State.SUBMITTED, request_id=first.request_id or ""))
    assert await store.find(second.id) == replace(second)
    assert await store.discrepancies() == []
