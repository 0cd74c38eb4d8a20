"""Moderation data on both databases."""

from bot.jobs.job import Job, State
from bot.media.fingerprints import Fingerprint
from bot.moderation.ports import BannedFingerprints, MemberPreferences, OwedLogEntry
from bot.store import SqlStore
from tests.store.orders import HandClock, opened, through

A = Fingerprint("a" * 64, (1, 2**64 - 1))
B = Fingerprint("b" * 64)


async def test_consent_and_opt_out_are_independent(store: SqlStore) -> None:
    moderation = store.moderation
    assert await moderation.preferences(2) == MemberPreferences()
    await moderation.set_opted_out(2, True)
    await moderation.agree(2, "1")
    await moderation.agree(2, "2")
    assert await moderation.preferences(2) == MemberPreferences("2", opted_out=True)
    await moderation.set_opted_out(2, False)
    assert await moderation.preferences(2) == MemberPreferences("2")
    assert await moderation.preferences(3) == MemberPreferences()


async def test_a_list_applies_to_its_server_or_to_all_servers(store: SqlStore) -> None:
    moderation = store.moderation
    await moderation.ban_fingerprints([A], 1, "job")
    await moderation.ban_fingerprints([B], None, "job")
    exact, looks = {A.exact, B.exact}, {*A.dhashes, *B.dhashes}
    assert await moderation.find_banned([A.exact, B.exact, "another"], 1) == BannedFingerprints(exact, looks)
    assert await moderation.find_banned([A.exact], 2) == BannedFingerprints(set(), set(B.dhashes))
    assert await moderation.find_banned([B.exact], None) == BannedFingerprints({B.exact}, set(B.dhashes))


async def test_fingerprints_are_saved_once_and_found_again(store: SqlStore) -> None:
    moderation = store.moderation
    await moderation.save_fingerprints("job", {"source_image": A, "result": B})
    await moderation.save_fingerprints("job", {"result": B})
    assert await moderation.fingerprints_of("job") == {"result": B, "source_image": A}
    assert await moderation.fingerprints_of("other") == {}


async def test_strikes_are_the_blocked_orders_of_a_member_since_a_time(store: SqlStore) -> None:
    ends: list[Job] = []
    for state in (State.BLOCKED, State.FAILED, State.BLOCKED):
        job = await opened(store)
        ends.append(await through(store, job, State.SUBMITTING, State.SUBMITTED, state))
    since = min(job.settled_at or 0 for job in ends)
    assert len(await store.moderation.strikes(2, since)) == 2
    assert await store.moderation.strikes(2, since + 60) == []
    assert await store.moderation.strikes(3, 0) == []


async def test_a_takedown_is_permanent(store: SqlStore, clock: HandClock) -> None:
    moderation = store.moderation
    assert not await moderation.is_taken_down("job")
    await moderation.take_down("job", "7")
    clock.advance(60)
    await moderation.take_down("job", "8")
    assert await moderation.is_taken_down("job")


async def test_a_wish_to_confirm_prices_ends_with_the_members_data(store: SqlStore) -> None:
    await store.moderation.set_confirms(2, True)
    assert (await store.moderation.preferences(2)).confirms
    await store.member_data.forget(2, strikes_since=0)
    assert not (await store.moderation.preferences(2)).confirms


async def test_the_posts_of_a_job_are_found(store: SqlStore) -> None:
    moderation = store.moderation
    await moderation.keep_post("job", 3, 2**62)
    await moderation.keep_post("job", 3, 2**62)
    await moderation.keep_post("other", 3, 5)
    assert await moderation.posts_of("job") == [(3, 2**62)]
    await moderation.forget_post(2**62)
    assert await moderation.posts_of("job") == []
    assert await moderation.posts_of("other") == [(3, 5)]
    await moderation.keep_log_entry("other", 4, 6)
    assert await moderation.posts_of("other") == [(3, 5)]
    assert await moderation.log_entries_of("other") == [(4, 6)]


async def test_a_log_is_owed_the_entries_of_delivered_jobs(store: SqlStore, clock: HandClock) -> None:
    moderation = store.moderation
    delivered, open_ = [await opened(store) for _ in range(2)]
    for job in (delivered, open_, delivered):
        await moderation.owe_log_entry(job.id)
        clock.advance(1)
    now = clock.now()
    assert await moderation.owed_log_entries(now) == []
    ended = await through(store, delivered, State.SUBMITTING, State.SUBMITTED, State.FAILED)
    await store.mark_told(ended)
    assert await moderation.owed_log_entries(now - 4) == []
    assert await moderation.owed_log_entries(now - 3) == [OwedLogEntry(delivered.id, now - 3)]
    await moderation.forget_owed_log_entry(delivered.id)
    assert await moderation.owed_log_entries(now) == []
