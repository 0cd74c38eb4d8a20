"""Past jobs of a member and of a server, newest first."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.jobs.delivery import Delivery
from bot.jobs.history import PastJob
from bot.jobs.job import Job, State
from bot.jobs.service import new_id
from bot.store import SqlStore
from tests.store.orders import LIFE, TERMS, order, through

SINCE = 1_763_700_000.0


def ordered(number: int, account: str = "1:2", *, user_id: int = 2, guild_id: int | None = 1) -> Job:
    job = order(account, price=1, created_at=SINCE + number)
    place = replace(job.place, user_id=user_id, guild_id=guild_id, hidden=bool(number % 2))
    return replace(job, id=new_id(job.created_at), place=place)


@pytest.fixture
async def jobs(store: SqlStore) -> list[Job]:
    """Seven jobs of one member, newest first, among those of others."""
    mine: list[Job] = []
    for number in range(7):
        mine.insert(0, ordered(number))
        await store.open(mine[0], TERMS)
        await store.open(ordered(number, "1:9", user_id=9), TERMS)
        await store.open(ordered(number, "3:9", user_id=9, guild_id=3), TERMS)
    return mine


def ids(found: Sequence[PastJob]) -> list[str]:
    return [each.id for each in found]


async def test_a_member_finds_their_jobs_before_and_after_another(store: SqlStore, jobs: list[Job]) -> None:
    mine = [job.id for job in jobs]
    everything = await store.job_history.of_member(2, limit=100)
    assert ids(everything) == mine
    third = everything[3].number
    assert ids(await store.job_history.of_member(2, before=third, limit=2)) == mine[4:6]
    assert ids(await store.job_history.of_member(2, after=third, limit=2)) == mine[1:3]
    assert ids(await store.job_history.of_member(2, after=third, limit=100)) == mine[:3]
    assert await store.job_history.of_member(3) == []


async def test_a_server_finds_the_jobs_paid_from_its_accounts(store: SqlStore, jobs: list[Job]) -> None:
    # This job was ordered in the server, but paid from the member's own account.
    await store.open(replace(ordered(8, "direct:2"), price=0), TERMS)
    found = await store.job_history.of_server(1, limit=100)
    assert {job.user_id for job in found} == {2, 9}
    assert len(found) == 2 * len(jobs)
    assert {job.user_id for job in await store.job_history.of_server(3)} == {9}


async def test_a_past_job_shows_its_state_and_delivery(store: SqlStore) -> None:
    job = ordered(1)
    await store.open(job, TERMS)
    done = await through(store, job, *LIFE)
    await store.mark_told(replace(done, delivery=Delivery.KEPT))
    (found,) = await store.job_history.of_member(2)
    assert found == PastJob(
        id=job.id,
        slug=job.slug,
        user_id=2,
        guild_id=1,
        channel_id=job.place.channel_id,
        message_id=job.place.message_id,
        hidden=True,
        state=State.DONE,
        price=1,
        created_at=job.created_at,
        delivery=Delivery.KEPT,
    )
    assert found.is_kept


async def test_the_last_job_of_a_member_is_the_newest_of_any_model_or_of_one(
    store: SqlStore, jobs: list[Job]
) -> None:
    other = replace(ordered(-1), slug="faceswap-v4")
    await store.open(other, TERMS)
    history = store.job_history
    assert await history.last_of_member(2, None) == jobs[0].id
    assert await history.last_of_member(2, jobs[0].slug) == jobs[0].id
    assert await history.last_of_member(2, "faceswap-v4") == other.id
    assert await history.last_of_member(9, "faceswap-v4") is None
