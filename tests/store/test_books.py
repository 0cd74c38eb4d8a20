"""The tables keep the books by themselves, and the audit finds what was forced past them."""

from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import SqlStore
from tests.store.orders import LIFE, order, through

ENTRY = "INSERT INTO entries (account, job_id, kind, amount, at) VALUES ('1:2', {job}, '{kind}', {amount}, 0)"

FORBIDDEN = {
    "an entry is changed": "UPDATE entries SET amount = 1000",
    "an entry is removed": "DELETE FROM entries",
    "free credits below nothing": "UPDATE accounts SET free = -1",
    "held credits below nothing": "UPDATE accounts SET held = -1",
    "a job that was captured is released": ENTRY.format(job="'done'", kind="release", amount=5),
    "a job is held for twice": ENTRY.format(job="'done'", kind="hold", amount=-5),
    "a capture that moves credits": ENTRY.format(job="'open'", kind="capture", amount=5),
    "a release that takes credits": ENTRY.format(job="'open'", kind="release", amount=-5),
    "a hold that gives credits": ENTRY.format(job="'new'", kind="hold", amount=5),
    "a hold without a job": ENTRY.format(job="NULL", kind="hold", amount=-5),
    "a grant for a job": ENTRY.format(job="'new'", kind="grant", amount=5),
    "a kind that nobody knows": ENTRY.format(job="'new'", kind="gift", amount=5),
    "an entry without an account": ENTRY.replace("1:2", "nobody").format(job="NULL", kind="grant", amount=5),
    "a state that nobody knows": "UPDATE jobs SET state = 'PAUSED'",
    "an open job that was told": "UPDATE jobs SET told = {true} WHERE id = 'open'",
}

FORCED = {
    "UPDATE accounts SET free = free + 1": ["account 1:2 keeps 91 free, its entries make 90"],
    "UPDATE accounts SET held = held - 1": ["account 1:2 keeps 4 held, its open holds make 5"],
    "DELETE FROM jobs WHERE id = 'open'": ["a hold of 5 on account 1:2 belongs to no job: open"],
    "UPDATE jobs SET price = 6 WHERE id = 'open'": [
        "job open of 6 has no hold of that amount on its account"
    ],
    "UPDATE jobs SET state = 'DONE' WHERE id = 'open'": ["job open is DONE and was never captured"],
    "UPDATE jobs SET state = 'FAILED' WHERE id = 'open'": ["job open is FAILED and was never released"],
    "UPDATE jobs SET state = 'READY' WHERE id = 'done'": ["job done is READY and was settled already"],
    ENTRY.format(job="'open'", kind="release", amount=4): [
        "account 1:2 keeps 5 held, its open holds make 0",
        "account 1:2 keeps 90 free, its entries make 94",
        "job open is HELD and was settled already",
        "job open was released with 4 instead of 5",
    ],
}


@pytest.fixture
async def books(store: SqlStore) -> SqlStore:
    """One job done and one open, of 5 each."""
    done = replace(order(), id="done")
    await store.open(done)
    await through(store, done, *LIFE)
    await store.open(replace(order(), id="open"))
    assert await store.audit() == []
    return store


async def test_the_database_itself_refuses_what_would_break_the_books(
    books: SqlStore, raw: AsyncConnection
) -> None:
    true = "true" if raw.dialect.name == "postgresql" else "1"
    allowed: list[str] = []
    for deed, statement in FORBIDDEN.items():
        with suppress(DBAPIError):
            await raw.exec_driver_sql(statement.replace("{true}", true))
            allowed.append(deed)
    assert allowed == []
    assert await books.audit() == []


async def test_postgres_refuses_to_empty_the_ledger(raw_postgres: AsyncConnection) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        await raw_postgres.exec_driver_sql("TRUNCATE entries")


@pytest.mark.parametrize("deed", FORCED)
async def test_the_audit_names_what_does_not_add_up(books: SqlStore, raw: AsyncConnection, deed: str) -> None:
    await raw.exec_driver_sql(deed)
    assert await books.audit() == FORCED[deed]


@pytest.mark.usefixtures("altered")
async def test_the_audit_names_a_job_that_was_settled_twice(books: SqlStore, raw: AsyncConnection) -> None:
    await raw.exec_driver_sql("DROP INDEX entries_one_settlement")
    await raw.exec_driver_sql(ENTRY.format(job="'done'", kind="release", amount=5))
    assert await books.audit() == [
        "account 1:2 keeps 90 free, its entries make 95",
        "job done was settled 2 times",
    ]
