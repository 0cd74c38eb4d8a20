"""SQLite on threads: a caller never leaves its work behind, and a transaction begins when it is needed."""

import asyncio
import threading

import pytest
import sqlalchemy as sa

from bot.store.backend.open import open_database, parse_url
from bot.store.backend.sqlite import WorkerThreads
from bot.store.connection import Connection
from bot.store.errors import StoreUnavailable
from tests.patience import PATIENCE


async def test_a_caller_that_is_cancelled_waits_for_its_thread() -> None:
    threads, begun, may_end = WorkerThreads(1, "test"), threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        may_end.wait(PATIENCE)
        done.append("whole")

    caller = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(begun.wait, PATIENCE)
    for _ in range(2):
        caller.cancel()
        await asyncio.wait([caller], timeout=0.01)
        assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["whole"]
    threads.stop()
    with pytest.raises(StoreUnavailable):
        await threads.run(work)


async def test_an_error_rolls_the_transaction_back_and_ends_it(sqlite_url: str) -> None:
    database = open_database(parse_url(sqlite_url))
    count = sa.text("SELECT count(*) FROM people")
    async with database.begin() as unused:
        pass
    opened: list[Connection] = [unused]

    async def fail() -> None:
        async with database.begin() as connection:
            opened.append(connection)
            await connection.exec_driver_sql("INSERT INTO people (user_id, confirms) VALUES (7, 0)")
            assert (await connection.execute(count)).scalar_one() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    for connection in opened:
        with pytest.raises(StoreUnavailable):
            await connection.execute(count)
    async with database.reading() as connection:
        assert (await connection.execute(count)).scalar_one() == 0
    await database.dispose()
