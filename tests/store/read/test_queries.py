"""Long lists are read page by page from the newest row, in both directions, each server's alone."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from bot.jobs.job import State
from bot.ledger.account import EntryKind
from bot.ledger.ledger import AuditEntry, LedgerLine
from bot.store import SqlStore
from tests.store.orders import LIFE, TERMS, HandClock, opened, order, through

Reading = Callable[..., Awaitable[Sequence[LedgerLine | AuditEntry]]]


@pytest.fixture(params=["history", "audit entries"])
async def reading(store: SqlStore, request: pytest.FixtureRequest) -> Reading:
    """Reads seven entries of one account, or their audit entries, among those of others."""
    for number in range(7):
        await store.grant("1:2", 1, f"{number}", AuditEntry("7", "grant", {"number": number}, guild_id=1))
        await store.grant("2:2", 1, "theirs", AuditEntry("7", "grant", guild_id=2))
    if request.param == "history":
        return partial(store.history, "1:2")
    return partial(store.audit_entries, 1)


async def test_a_list_begins_with_the_newest(reading: Reading) -> None:
    everything = await reading(limit=100)
    assert [each.id for each in everything] == sorted((each.id for each in everything), reverse=True)
    assert await reading(limit=3) == everything[:3]


async def test_a_page_ends_or_begins_next_to_the_named_entry(reading: Reading) -> None:
    everything = await reading(limit=100)
    third = everything[3].id
    assert await reading(before=third, limit=2) == everything[4:6]
    assert await reading(after=third, limit=2) == everything[1:3]
    assert await reading(after=third, limit=100) == everything[:3]
    assert await reading(after=everything[0].id) == []
    assert await reading(before=everything[-1].id) == []


async def test_the_recent_jobs_of_a_server_come_newest_first(store: SqlStore, clock: HandClock) -> None:
    done = await through(store, await opened(store), *LIFE)
    waiting = order(created_at=clock.time + 1)
    theirs = order("3:2")
    for job in (
        waiting,
        replace(theirs, place=replace(theirs.place, guild_id=3)),
        order("direct:2", price=0),
    ):
        await store.open(job, TERMS)
    found = await store.jobs_of(1, limit=10)
    assert [(job.id, job.state) for job in found] == [(waiting.id, State.HELD), (done.id, State.DONE)]
    assert (found[1].slug, found[1].user_id, found[1].price) == (done.slug, 2, 5)
    assert [job.id for job in await store.jobs_of(1, limit=1)] == [waiting.id]


async def test_the_lines_of_an_account_make_its_balance(store: SqlStore) -> None:
    """A job is one line, and a released or refunded one counts as nothing."""
    await store.grant("1:2", 7, "a prize", AuditEntry("7", "grant"))
    done, refunded = [await through(store, await opened(store), *LIFE) for _ in range(2)]
    await store.adjust("1:2", refunded.price, "blurred", AuditEntry("7", "refund"), job_id=refunded.id)
    failed = await through(store, await opened(store), State.FAILED)
    waiting = await opened(store)
    await store.adjust("1:2", -1, "", AuditEntry("7", "take"))
    lines = await store.history("1:2", limit=100)
    assert [(line.job_id, line.ended, line.why) for line in lines if line.job_id is not None] == [
        (waiting.id, None, None),
        (failed.id, EntryKind.RELEASE, None),
        (refunded.id, EntryKind.ADJUST, "blurred"),
        (done.id, EntryKind.CAPTURE, None),
    ]
    is_free = {EntryKind.RELEASE, EntryKind.ADJUST}
    assert (
        sum(line.amount for line in lines if line.ended not in is_free) == (await store.balance("1:2")).free
    )
