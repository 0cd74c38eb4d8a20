"""A move is a compare-and-set, and a job is settled once."""

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import RequestTaken, StaleJob
from bot.store import ChangeRejected, SqlStore
from tests.store.orders import LIFE, START, TERMS, money, opened, order, through

ENDS = {
    State.FAILED: (State.SUBMITTING, State.SUBMITTED),
    State.BLOCKED: (State.SUBMITTING, State.SUBMITTED),
    State.EXPIRED: (State.SUBMITTING, State.SUBMITTED, State.READY),
    State.CANCELLED: (),
}


async def test_a_job_that_is_done_spends_the_held_credits(store: SqlStore) -> None:
    job = await through(store, await opened(store, price=8), *LIFE)
    assert await money(store, job.account) == (START - 8, 0)
    assert await store.discrepancies() == []


@pytest.mark.parametrize("end", ENDS)
async def test_a_job_without_a_result_releases_the_held_credits(store: SqlStore, end: State) -> None:
    job = await through(store, await opened(store, price=8), *ENDS[end], end)
    assert job.state is end
    assert await money(store, job.account) == (START, 0)
    assert await store.discrepancies() == []


async def test_every_field_of_a_job_is_read_back_as_it_was_written(store: SqlStore) -> None:
    job = replace(
        order(),
        body={"zeta": 1, "alpha": [0.1, None, True, "\0 \ud83d \U0001f600"], "nested": {"a": "b"}},
        video_seconds=12.300000000000001,
    )
    await store.open(job, TERMS)
    job = await through(store, job, State.SUBMITTING, State.SUBMITTED)
    failed = job.to(
        State.FAILED, reason=Reason.SEGMIND, detail="no face in it", settled_at=1763700009.1234567
    )
    await store.move(job, failed)
    found = await store.find(job.id)
    assert found == failed
    assert failed == found
    assert found is not None
    assert len({found, await store.find(job.id)}) == 1
    assert found != replace(failed, detail="another")
    assert list(found.body) == ["zeta", "alpha", "nested"]


async def test_a_detail_that_no_database_can_store_does_not_keep_a_job_open(store: SqlStore) -> None:
    job = await opened(store)
    await store.move(job, job.to(State.FAILED, detail="bro\0ken \ud83d text"))
    found = await store.find(job.id)
    assert found is not None
    assert found.detail == "broken ? text"


async def test_no_job_is_found_where_there_is_none(store: SqlStore) -> None:
    assert await store.find("nothing") is None


async def test_a_move_from_a_former_state_is_stale(store: SqlStore) -> None:
    job = await opened(store)
    await through(store, job, State.SUBMITTING)
    with pytest.raises(StaleJob):
        await through(store, job, State.CANCELLED)
    assert await money(store, job.account) == (START - 5, 5)


async def test_a_move_of_an_unknown_job_is_stale(store: SqlStore) -> None:
    with pytest.raises(StaleJob):
        await through(store, order(), State.SUBMITTING)


async def test_one_of_fifty_racing_moves_wins(store: SqlStore) -> None:
    job = await opened(store)
    answers = await asyncio.gather(
        *(through(store, job, State.SUBMITTING) for _ in range(50)), return_exceptions=True
    )
    assert sum(isinstance(answer, Job) for answer in answers) == 1
    assert sum(isinstance(answer, StaleJob) for answer in answers) == 49


async def test_a_job_is_settled_once_however_many_try(store: SqlStore) -> None:
    job = await through(store, await opened(store), State.SUBMITTING, State.SUBMITTED, State.READY)
    answers = await asyncio.gather(
        *(through(store, job, end) for end in (State.DONE, State.FAILED) * 20), return_exceptions=True
    )
    assert sum(isinstance(answer, Job) for answer in answers) == 1
    assert await money(store, job.account) == (START - 5, 0)
    assert await store.discrepancies() == []


async def test_two_moves_of_a_job_in_one_batch_happen_in_order(store: SqlStore) -> None:
    job = order()
    sending = job.to(State.SUBMITTING)
    await asyncio.gather(
        store.open(job, TERMS), store.move(job, sending), store.move(sending, sending.to(State.HELD))
    )
    assert await store.find(job.id) == job


async def test_a_job_is_closed_when_its_member_knows_the_end(store: SqlStore) -> None:
    job = await through(store, await opened(store), *LIFE)
    await store.mark_told(job)
    await store.mark_told(job)
    found = await store.find(job.id)
    assert found is not None
    assert found.told
    assert await store.discrepancies() == []


async def test_a_job_that_is_not_settled_cannot_be_closed(store: SqlStore) -> None:
    with pytest.raises(ChangeRejected):
        await store.mark_told(await opened(store))


async def test_two_jobs_cannot_claim_one_request(store: SqlStore) -> None:
    one, other = await opened(store), await opened(store)
    one = await through(store, one, State.SUBMITTING, State.SUBMITTED)
    other = await through(store, other, State.SUBMITTING)
    with pytest.raises(RequestTaken):
        await store.move(other, other.to(State.SUBMITTED, request_id=str(one.request_id)))
    assert await store.find(other.id) == other
