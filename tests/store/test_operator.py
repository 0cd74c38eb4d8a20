"""Operator's connection to the database of a running bot: it reads and grants, and changes nothing else."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import Job, State
from bot.ledger.ledger import AuditEntry
from bot.store import OperatorConnection, SqlStore, StoreError
from bot.store.read.integrity import CheckedRows
from tests.store.orders import LIFE, START, TERMS, HandClock, opened, order, through

DAY = 86_400.0


def operator(url: str, clock: HandClock, *, writing: bool = False) -> OperatorConnection:
    return OperatorConnection(url, start=START, clock=clock, writing=writing)


async def test_the_ledger_is_audited_next_to_a_running_bot(
    store: SqlStore, url: str, clock: HandClock, raw: AsyncConnection
) -> None:
    await through(store, await opened(store), *LIFE)
    async with operator(url, clock) as connection:
        assert await connection.check_ledger() == ([], CheckedRows(accounts=1, entries=3, jobs=1))
        await raw.exec_driver_sql("UPDATE accounts SET held = 1")
        wrong, _ = await connection.check_ledger()
    assert wrong == ["account 1:2 has 1 held, but its open jobs hold 0"]


async def test_credits_are_granted_while_a_running_bot_spends_them(
    store: SqlStore, url: str, clock: HandClock
) -> None:
    async def spend() -> None:
        for _ in range(20):
            await through(store, await opened(store), *LIFE)

    async def give() -> None:
        async with operator(url, clock, writing=True) as connection:
            for _ in range(20):
                await connection.grant("1:2", 5, "for fun", AuditEntry("operator", "grant", guild_id=1))

    await asyncio.gather(spend(), give())
    assert (await store.balance("1:2")).granted == START
    assert len(await store.audit_entries(1, limit=100)) == 20
    assert await store.discrepancies() == []


async def test_a_connection_for_reading_cannot_write(store: SqlStore, url: str, clock: HandClock) -> None:
    async with operator(url, clock) as connection:
        with pytest.raises(StoreError):
            await connection.grant("1:2", 5, "", AuditEntry("operator", "grant"))
    assert (await store.balance("1:2")).granted == START


async def test_a_bot_starts_while_an_operator_reads(sqlite_url: str, clock: HandClock) -> None:
    async with (
        operator(sqlite_url, clock) as connection,
        SqlStore(sqlite_url, start=START, clock=clock) as store,
    ):
        await opened(store)
        assert (await connection.check_ledger())[1].jobs == 1


async def test_opening_a_database_of_another_version_raises_an_error(
    tmp_path: Path, sqlite_url: str, clock: HandClock
) -> None:
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(tmp_path / "doppel.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '999'")
    for name, message in (
        ("nothing.db", "no file"),
        ("empty.db", "no tables yet"),
        (Path(sqlite_url).name, "revision 999"),
    ):
        with pytest.raises(StoreError, match=message):
            async with operator(f"sqlite:///{tmp_path / name}", clock):
                pass
    assert not (tmp_path / "nothing.db").exists()


async def almost_done(store: SqlStore, slug: str, at: float) -> Job:
    """Job whose result and cost are known, but which is not settled."""
    job = replace(order(created_at=at), slug=slug)
    await store.open(job, TERMS)
    return await through(store, job, *LIFE[:-1])


async def test_spending_shows_the_credits_charged_and_the_cost(
    store: SqlStore, url: str, clock: HandClock
) -> None:
    at = clock.time // DAY * DAY
    for day in (0, 1):
        await through(store, await almost_done(store, "faceswap-v5", at + day * DAY), State.DONE)
    cost_unknown = (await almost_done(store, "faceswap-v5", at)).to(State.DONE, cost=None, settled_at=at)
    await store.move(replace(cost_unknown, state=State.READY), cost_unknown)
    refunded = await through(store, await almost_done(store, "faceswap-v4", at), State.DONE)
    await store.adjust("1:2", 5, "sorry", AuditEntry("9", "refund"), job_id=refunded.id)
    await through(store, await almost_done(store, "faceswap-v4", at), State.FAILED)
    async with operator(url, clock) as connection:
        rows = await connection.spending(since=at, until=at + 2 * DAY)
        assert await connection.spending(since=at, until=at + 2 * DAY, guild_id=9) == []
    assert [(row.day, row.slug, row.jobs, row.credits, row.refunded) for row in rows] == [
        (at, "faceswap-v4", 2, 5, 5),
        (at, "faceswap-v5", 2, 10, 0),
        (at + DAY, "faceswap-v5", 1, 5, 0),
    ]
    assert [(round(row.usd, 4), row.unknown, row.presumed) for row in rows] == [
        (0.1024, 0, 0.0),
        (0.0512, 1, 0.05),
        (0.0512, 0, 0.0),
    ]
    assert await store.discrepancies() == []
