"""Long lists are read page by page from the newest row, in both directions, each server's alone."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest

from bot.jobs.job import State
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
