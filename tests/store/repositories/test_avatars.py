"""Consents to the use of avatars, their withdrawal, and the results that used them."""

from dataclasses import replace

from bot.jobs.job import Job, State
from bot.moderation.avatars import AvatarConsent
from bot.store import SqlStore
from tests.store.orders import LIFE, TERMS, order, through

OWNER, GUILD, OTHER = 77, 1, 2
CONSENT = AvatarConsent(notify=True, locale="de")


async def opened(store: SqlStore, **changes: object) -> Job:
    job = replace(order(price=1), avatar_of=OWNER, **changes)
    await store.open(job, TERMS)
    return job


async def test_a_consent_holds_for_its_server_until_it_is_withdrawn(store: SqlStore) -> None:
    assert await store.avatars.consent(OWNER, GUILD) is None
    await store.avatars.give(OWNER, GUILD, CONSENT)
    await store.avatars.give(OWNER, GUILD, replace(CONSENT, notify=False))
    assert await store.avatars.consent(OWNER, GUILD) == replace(CONSENT, notify=False)
    assert await store.avatars.consent(OWNER, OTHER) is None
    await store.avatars.withdraw(OWNER, GUILD)
    assert await store.avatars.consent(OWNER, GUILD) is None


async def test_a_withdrawal_names_the_jobs_of_this_server_that_wait(store: SqlStore) -> None:
    await store.avatars.give(OWNER, GUILD, CONSENT)
    waiting, submitted = await opened(store), await opened(store)
    await store.move(submitted, submitted.to(State.SUBMITTING))
    elsewhere = replace(waiting.place, guild_id=OTHER)
    await opened(store, place=elsewhere)
    assert await store.avatars.withdraw(OWNER, GUILD) == [waiting.id]


async def test_the_uses_are_the_delivered_results_of_others(store: SqlStore) -> None:
    done = await opened(store)
    await store.mark_told(await through(store, done, *LIFE))
    removed = await opened(store)
    await store.mark_told(await through(store, removed, *LIFE))
    await store.moderation.take_down(removed.id, "1")
    await opened(store)
    own = await opened(store, place=replace(done.place, user_id=OWNER))
    await store.mark_told(await through(store, own, *LIFE))
    (use,) = await store.avatars.uses(OWNER)
    assert (use.job_id, use.user_id, use.message_id) == (done.id, done.place.user_id, done.place.message_id)


async def test_a_deletion_of_the_owners_data_leaves_no_trace_and_no_consent(store: SqlStore) -> None:
    await store.avatars.give(OWNER, GUILD, CONSENT)
    job = await opened(store)
    about = await store.member_data.export(OWNER)
    assert [each["id"] for each in about["avatar_uses"]] == [job.id]
    assert [each["guild_id"] for each in about["avatar_consents"]] == [GUILD]
    await store.member_data.forget(OWNER, strikes_since=0.0)
    found = await store.find(job.id)
    assert found is not None
    assert found.avatar_of == 0
    assert await store.avatars.consent(OWNER, GUILD) is None
