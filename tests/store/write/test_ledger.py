"""The tables enforce the rules of the ledger, and the check finds what was forced past them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.ledger.allowance import DAY, Allowance
from bot.ledger.ledger import AuditEntry
from bot.store import SqlStore
from bot.store.read.dashboard import DashboardQueries
from tests.store.orders import LIFE, TERMS, order, through

ENTRY = (
    "INSERT INTO entries (account, job_id, kind, amount, of_allowance, at)"
    " VALUES ('1:2', {job}, '{kind}', {amount}, {part}, 0)"
)


def entry(kind: str, amount: int, part: int = 0, *, job: str = "'new'") -> str:
    return ENTRY.format(job=job, kind=kind, amount=amount, part=part)


FORBIDDEN = {
    "an entry is changed": "UPDATE entries SET amount = 1000",
    "an entry is removed": "DELETE FROM entries",
    "an audit entry is removed": "DELETE FROM deeds",
    "granted credits below nothing": "UPDATE accounts SET granted = -1",
    "an allowance below nothing": "UPDATE accounts SET allowance = -1",
    "held credits below nothing": "UPDATE accounts SET held = -1",
    "a budget below nothing": "UPDATE budgets SET spent = -1",
    "a job that was captured is released": entry("release", 5, job="'done'"),
    "a job is held for twice": entry("hold", -5, job="'done'"),
    "a capture that moves credits": entry("capture", 5, job="'open'"),
    "a release that takes credits": entry("release", -5, job="'open'"),
    "a release of more allowance than there was": entry("release", 5, 6, job="'open'"),
    "a hold that gives credits": entry("hold", 5),
    "a hold of more allowance than its price": entry("hold", -5, -6),
    "a hold without a job": entry("hold", -5, job="NULL"),
    "a grant for a job": entry("grant", 5),
    "a grant that takes credits": entry("grant", -5, job="NULL"),
    "a grant of allowance": entry("grant", 5, 5, job="NULL"),
    "an allowance that is granted": entry("allowance", 5, 0, job="NULL"),
    "a kind that nobody knows": entry("gift", 5),
    "an entry without an account": entry("grant", 5, job="NULL").replace("1:2", "nobody"),
    "more allowance in a job than its price": "UPDATE jobs SET from_allowance = price + 1",
    "a state that nobody knows": "UPDATE jobs SET state = 'PAUSED'",
    "an open job that was told": "UPDATE jobs SET told = {true} WHERE id = 'open'",
}

FORCED = {
    "UPDATE accounts SET granted = granted + 1": ["account 1:2 has 97 granted, but its entries add up to 96"],
    "UPDATE accounts SET allowance = 7": ["account 1:2 has 7 of its allowance, but its entries add up to 0"],
    "UPDATE accounts SET held = held - 1": ["account 1:2 has 4 held, but its open jobs hold 5"],
    "UPDATE budgets SET spent = spent + 1": [
        "budget operator:all:1763683200 counts 101201, but its jobs add up to 101200",
        "budget server:1:1761955200 counts 11, but its jobs add up to 10",
    ],
    "DELETE FROM jobs WHERE id = 'open'": [
        "a hold of 5 on account 1:2 belongs to no job: open",
        "account 1:2 has 5 held, but its open jobs hold 0",
        "budget operator:all:1763683200 counts 101200, but its jobs add up to 51200",
        "budget server:1:1761955200 counts 10, but its jobs add up to 5",
    ],
    "UPDATE jobs SET price = 6 WHERE id = 'open'": [
        "account 1:2 has 5 held, but its open jobs hold 6",
        "budget server:1:1761955200 counts 10, but its jobs add up to 11",
        "job open of 6 has no hold of that amount on its account",
    ],
    "UPDATE jobs SET from_allowance = 2 WHERE id = 'open'": [
        "job open of 5 has no hold of that amount on its account"
    ],
    "UPDATE jobs SET state = 'DONE' WHERE id = 'open'": [
        "account 1:2 has 5 held, but its open jobs hold 0",
        "job open is DONE and was never captured",
    ],
    "UPDATE jobs SET state = 'FAILED' WHERE id = 'open'": [
        "account 1:2 has 5 held, but its open jobs hold 0",
        "budget operator:all:1763683200 counts 101200, but its jobs add up to 51200",
        "budget server:1:1761955200 counts 10, but its jobs add up to 5",
        "job open is FAILED and was never released",
    ],
    "UPDATE jobs SET state = 'FAILED' WHERE id = 'done'": [
        "budget server:1:1761955200 counts 10, but its jobs add up to 5",
        "job done is FAILED and was captured",
    ],
    "UPDATE jobs SET state = 'READY' WHERE id = 'done'": [
        "account 1:2 has 5 held, but its open jobs hold 10",
        "budget operator:all:1763683200 counts 101200, but its jobs add up to 100000",
        "job done is READY and was settled already",
    ],
    entry("release", 4, 1, job="'open'"): [
        "account 1:2 has 0 of its allowance, but its entries add up to 1",
        "account 1:2 has 96 granted, but its entries add up to 99",
        "job open is HELD and was settled already",
        "job open was released with 4 instead of 5",
    ],
}


@pytest.fixture
async def ledger(store: SqlStore) -> SqlStore:
    """Store with one job done and one open, of 5 credits each, on an allowance of 6."""
    terms = replace(TERMS, allowance=Allowance(6))
    done = replace(order(), id="done")
    await store.open(done, terms)
    await through(store, done, *LIFE)
    await store.open(replace(order(), id="open"), terms)
    await store.change_rules(1, lambda rules: rules, AuditEntry("7", "nothing"))
    assert await store.discrepancies() == []
    return store


async def test_the_database_itself_rejects_changes_that_would_break_the_ledger(
    ledger: SqlStore, raw: AsyncConnection
) -> None:
    true = "true" if raw.dialect.name == "postgresql" else "1"
    allowed: list[str] = []
    for change, statement in FORBIDDEN.items():
        with suppress(DBAPIError):
            await raw.exec_driver_sql(statement.replace("{true}", true))
            allowed.append(change)
    assert allowed == []
    assert await ledger.discrepancies() == []


async def test_postgres_rejects_emptying_the_ledger(raw_postgres: AsyncConnection) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        await raw_postgres.exec_driver_sql("TRUNCATE entries")


async def checked(url: str, *, since: float | None = None) -> Sequence[str]:
    async with DashboardQueries(url) as queries:
        return (await queries.check_ledger(since))[0]


@pytest.mark.parametrize("statement", FORCED)
async def test_the_check_names_each_discrepancy(
    ledger: SqlStore, raw: AsyncConnection, url: str, statement: str
) -> None:
    await raw.exec_driver_sql(statement)
    assert await ledger.discrepancies() == FORCED[statement]
    # Only a complete check looks for holds without a job, but any shows the difference in their account.
    recent = [sentence for sentence in FORCED[statement] if "belongs to no job" not in sentence]
    assert await checked(url, since=order().created_at) == recent


async def test_a_check_of_what_is_new_leaves_out_old_jobs_and_budgets(
    ledger: SqlStore, raw: AsyncConnection, url: str
) -> None:
    await raw.exec_driver_sql("UPDATE jobs SET told = settled_at IS NOT NULL")
    await raw.exec_driver_sql("UPDATE jobs SET price = 6 WHERE id = 'done'")
    await raw.exec_driver_sql("UPDATE budgets SET spent = spent + 1")
    assert "job done of 6 has no hold of that amount on its account" in await checked(url)
    in_two_months = order().created_at + 60 * DAY
    assert await checked(url, since=in_two_months) == []
    assert await ledger.discrepancies() == await checked(url)


@pytest.mark.usefixtures("altered")
async def test_the_check_names_a_job_that_was_settled_twice(ledger: SqlStore, raw: AsyncConnection) -> None:
    await raw.exec_driver_sql("DROP INDEX entries_one_settlement")
    await raw.exec_driver_sql(entry("release", 5, 5, job="'done'"))
    assert await ledger.discrepancies() == [
        "account 1:2 has 0 of its allowance, but its entries add up to 5",
        "job done is DONE and was released",
    ]
