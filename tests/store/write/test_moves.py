"""A move is a compare-and-set, and a settlement happens once."""

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import StaleJob
from bot.store import ChangeRejected, SqlStore
from tests.store.orders import LIFE, START, TERMS, money, opened, order, through

ENDS = {
    State.FAILED: (State.SUBMITTING, State.SUBMITTED),
    State.BLOCKED: (State.SUBMITTING, State.SUBMITTED),
    State.EXPIRED: (State.SUBMITTING, State.SUBMITTED, State.READY),
    State.CANCELLED: (),
}


async def test_a_job_done_has_spent_what_was_held(store: SqlStore) -> None:
    job = await through(store, await opened(store, price=8), *LIFE)
    assert await money(store, job.account) == (START - 8, 0)
    assert await store.audit() == []


@pytest.mark.parametrize("end", ENDS)
async def test_a_job_that_came_to_nothing_gives_the_held_credits_back(store: SqlStore, end: State) -> None:
    job = await through(store, await opened(store, price=8), *ENDS[end], end)
    assert job.state is end
    assert await money(store, job.account) == (START, 0)
    assert await store.audit() == []


async def test_every_fact_of_a_job_is_read_back_as_it_was_written(store: SqlStore) -> None:
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
    assert hash(found) == hash(found)
    assert found != replace(failed, detail="another")
    assert list(found.body) == ["zeta", "alpha", "nested"]


async def test_a_detail_that_no_database_can_store_does_not_keep_a_job_from_its_end(store: SqlStore) -> None:
    job = await opened(store)
    await store.move(job, job.to(State.FAILED, detail="bro\0ken \ud83d text"))
    found = await store.find(job.id)
    assert found is not None
    assert found.detail == "broken ? text"


async def test_no_job_is_found_where_there_is_none(store: SqlStore) -> None:
    assert await store.find("nothing") is None


async def test_a_move_from_a_state_that_passed_is_lost(store: SqlStore) -> None:
    job = await opened(store)
    await through(store, job, State.SUBMITTING)
    with pytest.raises(StaleJob):
        await through(store, job, State.CANCELLED)
    assert await money(store, job.account) == (START - 5, 5)


async def test_a_move_of_a_job_that_was_never_written_is_lost(store: SqlStore) -> None:
    with pytest.raises(StaleJob):
        await through(store, order(), State.SUBMITTING)


async def test_of_fifty_moves_at_once_one_wins(store: SqlStore) -> None:
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
    assert await store.audit() == []


async def test_two_steps_of_a_job_asked_for_at_once_happen_in_turn(store: SqlStore) -> None:
    job = order()
    sending = job.to(State.SUBMITTING)
    await asyncio.gather(
        store.open(job, TERMS), store.move(job, sending), store.move(sending, sending.to(State.HELD))
    )
    assert await store.find(job.id) == job


async def test_a_job_is_closed_when_its_end_was_told(store: SqlStore) -> None:
    job = await through(store, await opened(store), *LIFE)
    await store.mark_told(job)
    await store.mark_told(job)
    found = await store.find(job.id)
    assert found is not None
    assert found.told
    assert await store.audit() == []


async def test_the_end_of_an_open_job_cannot_be_told(store: SqlStore) -> None:
    with pytest.raises(ChangeRejected):
        await store.mark_told(await opened(store))


async def test_two_jobs_cannot_claim_one_request(store: SqlStore) -> None:
    one, other = await opened(store), await opened(store)
    one = await through(store, one, State.SUBMITTING, State.SUBMITTED)
    other = await through(store, other, State.SUBMITTING)
    with pytest.raises(ChangeRejected):
        await store.move(other, other.to(State.SUBMITTED, request_id=str(one.request_id)))
    assert await store.find(other.id) == other
