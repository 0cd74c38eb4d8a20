"""What is kept for safety, on both databases."""

from bot.jobs.job import Job, State
from bot.moderation.fingerprints import Fingerprint
from bot.moderation.ports import Listed, Standing
from bot.store import SqlStore
from tests.store.orders import HandClock, opened, through

A = Fingerprint("a" * 64, (1, 2**64 - 1))
B = Fingerprint("b" * 64)


async def test_consent_and_the_wish_to_be_left_alone_stand_side_by_side(store: SqlStore) -> None:
    its = store.moderation
    assert await its.standing(2) == Standing()
    await its.set_opted_out(2, True)
    await its.agree(2, "1")
    await its.agree(2, "2")
    assert await its.standing(2) == Standing("2", opted_out=True)
    await its.set_opted_out(2, False)
    assert await its.standing(2) == Standing("2")
    assert await its.standing(3) == Standing()


async def test_a_list_holds_for_its_server_or_for_all(store: SqlStore) -> None:
    its = store.moderation
    await its.list_fingerprints([A], 1, "job")
    await its.list_fingerprints([B], None, "job")
    exact, looks = {A.exact, B.exact}, {*A.looks, *B.looks}
    assert await its.is_listed([A.exact, B.exact, "another"], 1) == Listed(exact, looks)
    assert await its.is_listed([A.exact], 2) == Listed(set(), set(B.looks))
    assert await its.is_listed([B.exact], None) == Listed({B.exact}, set(B.looks))


async def test_prints_are_kept_once_and_found_again(store: SqlStore) -> None:
    its = store.moderation
    await its.save_fingerprints("job", {"source_image": A, "result": B})
    await its.save_fingerprints("job", {"result": B})
    assert await its.fingerprints_of("job") == {"result": B, "source_image": A}
    assert await its.fingerprints_of("other") == {}


async def test_strikes_are_blocked_orders_of_this_member_from_some_day_on(store: SqlStore) -> None:
    ends: list[Job] = []
    for state in (State.BLOCKED, State.FAILED, State.BLOCKED):
        job = await opened(store)
        ends.append(await through(store, job, State.SUBMITTING, State.SUBMITTED, state))
    since = min(job.settled_at or 0 for job in ends)
    assert len(await store.moderation.strikes(2, since)) == 2
    assert await store.moderation.strikes(2, since + 60) == []
    assert await store.moderation.strikes(3, 0) == []


async def test_what_is_taken_down_stays_down(store: SqlStore, clock: HandClock) -> None:
    its = store.moderation
    assert not await its.is_down("job")
    await its.take_down("job", "7")
    clock.advance(60)
    await its.take_down("job", "8")
    assert await its.is_down("job")


async def test_where_a_job_was_shown_is_known(store: SqlStore) -> None:
    its = store.moderation
    await its.keep_post("job", 3, 2**62)
    await its.keep_post("job", 3, 2**62)
    await its.keep_post("other", 3, 5)
    assert await its.posts_of("job") == [(3, 2**62)]
