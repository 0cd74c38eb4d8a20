"""Approvals: moderators decide each once, which opens its job again, and old ones are deleted."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.jobs.ports import StaleJob
from bot.ledger.ledger import AuditEntry
from bot.moderation.approvals import UnknownApproval, Verdict
from bot.store import SqlStore
from bot.store.tables import approvals
from tests.store.orders import LIFE, START, HandClock, adopted_by, opened, through

GUILD, MODERATOR, OTHER = 1, 81384788765712384, 81384788765712385


async def awaited(store: SqlStore, clock: HandClock) -> Job:
    """Closed job whose result waits for a moderator."""
    job = await through(store, await opened(store), *LIFE)
    await store.approvals.ask(job.id, GUILD, clock.time + 100)
    await store.mark_told(awaiting(job))
    return awaiting(job)


def awaiting(job: Job) -> Job:
    return replace(job, delivery=Delivery.AWAITED)


def audit_entry(actor: int, job: Job) -> AuditEntry:
    return AuditEntry(str(actor), "approve", {"job": job.id, "member": job.place.user_id}, GUILD)


async def test_the_first_of_many_decisions_counts_and_is_recorded(store: SqlStore, clock: HandClock) -> None:
    job = await awaited(store, clock)
    verdicts = [Verdict.APPROVED, Verdict.REJECTED] * 3
    rulings = await asyncio.gather(
        *(
            store.approvals.decide(job.id, each, who, audit_entry(who, job))
            for who, each in enumerate(verdicts, MODERATOR)
        )
    )
    (first,) = [each for each in rulings if each.is_new]
    assert {each.approval for each in rulings} == {first.approval}
    assert [each.actor for each in await store.audit_entries(GUILD)] == [str(first.approval.decided_by)]
    # Later decisions return the job, too, because the process of the first one may have been killed.
    assert {None if each.job is None else each.job.id for each in rulings} == {job.id}


async def test_a_decision_opens_the_job_and_makes_former_copies_of_it_stale(
    store: SqlStore, clock: HandClock
) -> None:
    job = await awaited(store, clock)
    ruling = await store.approvals.decide(job.id, Verdict.APPROVED, MODERATOR, None)
    assert ruling.job is not None
    assert (ruling.job.told, ruling.job.delivery) == (False, Delivery.AWAITED)
    with pytest.raises(StaleJob):
        await store.mark_told(job)
    await store.mark_told(ruling.job)
    again = await store.approvals.decide(job.id, Verdict.REJECTED, OTHER, None)
    assert (again.is_new, again.job, again.approval.verdict) == (False, None, Verdict.APPROVED)
    assert await store.discrepancies() == []


async def test_the_next_run_adopts_a_job_decided_just_before_the_end(url: str, clock: HandClock) -> None:
    async with SqlStore(url, start=START, clock=clock) as store:
        job = await awaited(store, clock)
        await store.approvals.decide(job.id, Verdict.REJECTED, MODERATOR, None)
    async with SqlStore(url, start=START, clock=clock) as successor:
        assert [each.id for each in await adopted_by(successor)] == [job.id]
        approval = await successor.approvals.find(job.id)
        assert approval is not None
        assert (approval.verdict, approval.decided_by) == (Verdict.REJECTED, MODERATOR)


@pytest.fixture
async def neighbour(postgres_url: str, clock: HandClock) -> AsyncGenerator[SqlStore]:
    async with SqlStore(postgres_url, start=START, clock=HandClock(clock.time)) as store:
        yield store


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_two_processes_decide_once_and_the_one_that_did_owns_the_job(
    store: SqlStore, neighbour: SqlStore, clock: HandClock
) -> None:
    for _ in range(5):
        job = await awaited(store, clock)
        rulings = await asyncio.gather(
            store.approvals.decide(job.id, Verdict.APPROVED, MODERATOR, None),
            neighbour.approvals.decide(job.id, Verdict.REJECTED, OTHER, None),
        )
        owners = [(each.is_new, each.job is not None) for each in rulings]
        assert sorted(owners) == [(False, False), (True, True)]
        opener = store if rulings[0].is_new else neighbour
        other = neighbour if opener is store else store
        mine = rulings[0].job or rulings[1].job
        assert mine is not None
        with pytest.raises(StaleJob):
            await other.mark_told(mine)
        await opener.mark_told(mine)


async def test_an_approval_is_found_for_as_long_as_it_waits(store: SqlStore, clock: HandClock) -> None:
    repository = store.approvals
    job = await awaited(store, clock)
    again = await repository.ask(job.id, GUILD, clock.time + 999)
    assert (
        await repository.waiting(),
        await repository.waiting_in(GUILD),
        await repository.waiting_in(2),
    ) == ([again], 1, 0)
    assert again.card is None
    await repository.record_card(job.id, 3, 4)
    (posted,) = await repository.waiting()
    assert posted.card == (3, 4)
    # The card of an approval is no post of the job, so it stays when the result is deleted.
    assert await store.moderation.posts_of(job.id) == []
    assert await repository.overdue(clock.time + 99) == []
    assert await repository.overdue(clock.time + 100) == [posted]
    await repository.decide(job.id, Verdict.LAPSED, 0, None)
    assert (
        await repository.waiting(),
        await repository.overdue(clock.time + 100),
        await repository.waiting_in(GUILD),
    ) == (
        [],
        [],
        0,
    )
    with pytest.raises(UnknownApproval):
        await repository.decide("another", Verdict.APPROVED, MODERATOR, None)


async def test_deleting_a_members_data_withdraws_their_approvals(
    store: SqlStore, clock: HandClock, raw: AsyncConnection
) -> None:
    waits, decided = await awaited(store, clock), await awaited(store, clock)
    ruling = await store.approvals.decide(decided.id, Verdict.APPROVED, MODERATOR, None)
    assert ruling.job is not None
    await store.mark_told(ruling.job)
    about = await store.member_data.export(waits.place.user_id)
    outputs = {each["id"]: each["output"] for each in about["jobs"]}
    assert (outputs[waits.id], outputs[decided.id]) == (None, decided.output)
    assert str(MODERATOR) not in str(about["approvals"])
    for user_id in (waits.place.user_id, MODERATOR):
        await store.member_data.forget(user_id, strikes_since=0)
    assert [each.job_id for each in await store.approvals.withdrawn()] == [waits.id]
    ruling = await store.approvals.decide(waits.id, Verdict.APPROVED, OTHER, None)
    assert (ruling.is_new, ruling.job) == (False, None)
    found = await store.approvals.find(decided.id)
    assert found is not None
    assert found.decided_by == 0
    await store.approvals.drop(waits.id)
    await store.member_data.delete_old_records(fingerprints_before=clock.time + 1, strikes_before=0)
    assert (await raw.execute(sa.select(approvals))).all() == []
