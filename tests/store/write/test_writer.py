"""Effects of one faulty change on its batch, and of an outage on all changes."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import State
from bot.jobs.ports import StoreUnavailable
from bot.ledger.account import NotEnoughCredits
from bot.store import ChangeRejected, SqlStore
from bot.store.connection import Connection
from tests.store.orders import START, TERMS, HandClock, enrolled, money, opened, order, through
from tests.store.waiting import eventually


async def test_a_change_that_the_database_rejects_does_not_affect_its_batch(store: SqlStore) -> None:
    taken = await opened(store, price=1)
    orders = [order(price=1) for _ in range(20)]
    orders[3] = replace(orders[3], id=taken.id)
    orders[11] = replace(orders[11], price=-1)
    answers = await asyncio.gather(*(store.open(job, TERMS) for job in orders), return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, ChangeRejected)] == [3, 11]
    assert answers.count(None) == 18
    assert await money(store, "1:2") == (START - 19, 19)
    assert await store.discrepancies() == []


async def test_a_change_that_no_driver_can_bind_does_not_affect_its_batch(store: SqlStore) -> None:
    orders = [order(price=1) for _ in range(5)]
    orders[1] = replace(orders[1], place=replace(orders[1].place, user_id=2**70))
    orders[3] = replace(orders[3], body={"picture": b"not JSON"})
    answers = await asyncio.gather(*(store.open(job, TERMS) for job in orders), return_exceptions=True)
    assert [answer is None for answer in answers] == [True, False, True, False, True]
    assert await store.discrepancies() == []


async def test_an_order_without_credits_does_not_affect_its_batch(store: SqlStore) -> None:
    jobs = [order("poor", START + 1), order("rich", 1), order("poor", 1)]
    answers = await asyncio.gather(*(store.open(job, TERMS) for job in jobs), return_exceptions=True)
    assert isinstance(answers[0], NotEnoughCredits)
    assert answers[1:] == [None, None]


async def test_more_than_a_batch_is_written_in_several(url: str, clock: HandClock) -> None:
    async with SqlStore(url, start=START, clock=clock, batch=3) as store:
        await asyncio.gather(*(opened(store, price=1) for _ in range(20)))
        assert await money(store, "1:2") == (START - 20, 20)


async def test_a_change_cancelled_before_its_commit_is_not_written(store: SqlStore) -> None:
    job = order()
    pending = asyncio.create_task(store.open(job, TERMS))
    await asyncio.sleep(0)
    pending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pending
    await store.balance("1:3")
    assert await store.find(job.id) is None
    assert await store.discrepancies() == []


async def test_closing_writes_pending_changes_and_accepts_no_more(url: str, clock: HandClock) -> None:
    store = SqlStore(url, start=START, clock=clock)
    job = order()
    async with store:
        pending = asyncio.create_task(store.open(job, TERMS))
        await asyncio.sleep(0)
    await pending
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.open(order(), TERMS)
    async with SqlStore(url, start=START, clock=clock) as again:
        assert await again.find(job.id) == job


def _own_connection(store: SqlStore) -> AbstractAsyncContextManager[Connection]:
    # A limit on pages applies to one connection, so it has to be the store's own.
    return store._database.begin()  # pyright: ignore[reportPrivateUsage]


async def test_a_full_disk_fails_every_change_until_there_is_space(sqlite_url: str, clock: HandClock) -> None:
    async with SqlStore(sqlite_url, start=10**6, clock=clock) as store:
        kept = await opened(store)
        async with _own_connection(store) as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
        heavy = [replace(order(), body={"prompt": "x" * 100_000}) for _ in range(5)]
        answers = await asyncio.gather(*(store.open(job, TERMS) for job in heavy), return_exceptions=True)
        assert [str(answer) for answer in answers] == [
            "the database cannot be used: database or disk is full"
        ] * 5
        async with _own_connection(store) as connection:
            await connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        await asyncio.gather(
            *(store.open(job, TERMS) for job in heavy), through(store, kept, State.SUBMITTING)
        )
        assert await store.discrepancies() == []


@pytest.fixture
async def on_postgres(postgres_url: str, clock: HandClock) -> SqlStore:
    return SqlStore(postgres_url, start=START, clock=clock)


async def _hang_up(raw: AsyncConnection) -> None:
    await raw.exec_driver_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle in transaction'"
    )


async def test_a_connection_lost_in_the_middle_fails_the_batch_and_the_next_one_works(
    on_postgres: SqlStore, blocker: AsyncConnection, raw_postgres: AsyncConnection
) -> None:
    async with on_postgres as store:
        await enrolled(store)
        await blocker.exec_driver_sql("SELECT * FROM accounts FOR UPDATE")
        jobs = [order() for _ in range(4)]
        pending = asyncio.gather(*(store.open(job, TERMS) for job in jobs), return_exceptions=True)
        await _until_waiting(raw_postgres)
        await _hang_up(raw_postgres)
        answers = await pending
        assert all(isinstance(answer, StoreUnavailable) for answer in answers)
        await blocker.rollback()
        await asyncio.gather(*(store.open(job, TERMS) for job in jobs))
        assert await money(store, "1:2") == (START - 20, 20)
        assert await store.discrepancies() == []


async def test_a_change_cancelled_during_its_commit_is_written(
    on_postgres: SqlStore, blocker: AsyncConnection, raw_postgres: AsyncConnection
) -> None:
    async with on_postgres as store:
        await enrolled(store)
        await blocker.exec_driver_sql("SELECT * FROM accounts FOR UPDATE")
        job = order()
        pending = asyncio.create_task(store.open(job, TERMS))
        await _until_waiting(raw_postgres)
        pending.cancel()
        await blocker.rollback()
        await opened(store)
        assert await store.find(job.id) == job
        assert await money(store, "1:2") == (START - 10, 10)
        assert await store.discrepancies() == []


async def test_connections_lost_between_two_changes_go_unnoticed(
    on_postgres: SqlStore, raw_postgres: AsyncConnection
) -> None:
    async with on_postgres as store:
        job = await opened(store)
        await _hang_up(raw_postgres)
        await through(store, job, State.SUBMITTING)


async def _until_waiting(raw: AsyncConnection) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"

    async def holds() -> bool:
        return bool((await raw.exec_driver_sql(waiting)).scalar_one())

    await eventually(holds)


async def test_a_deadlock_between_two_processes_resolves(
    on_postgres: SqlStore, blocker: AsyncConnection, raw_postgres: AsyncConnection
) -> None:
    async with on_postgres as store:
        await asyncio.gather(enrolled(store, "a"), enrolled(store, "b"))
        while not await _store_is_aborted(store, blocker, raw_postgres):
            pass
        assert await store.discrepancies() == []


async def _store_is_aborted(store: SqlStore, blocker: AsyncConnection, raw: AsyncConnection) -> bool:
    """Cause a deadlock; return whether Postgres aborted the store's transaction, not that of `blocker`."""
    # A transaction looks for a deadlock once, this long after it began to wait. On a busy machine, the store
    # may have looked before there was one.
    await blocker.exec_driver_sql("SET LOCAL deadlock_timeout = '1s'")
    # The store locks in the opposite order.
    await blocker.exec_driver_sql("SELECT * FROM accounts WHERE id = 'b' FOR UPDATE")
    pending = asyncio.gather(store.open(order("a"), TERMS), store.open(order("b"), TERMS))
    await _until_waiting(raw)
    try:
        await blocker.exec_driver_sql("SELECT * FROM accounts WHERE id = 'a' FOR UPDATE")
    except DBAPIError:
        return False
    else:
        return True
    finally:
        await blocker.rollback()
        await pending
