"""SQLite by threads: one writes, a few read, and the event loop hands them whole pieces of work.

An asynchronous driver crosses over to its thread for every cursor, row and COMMIT. Here a statement is one
crossing, and what the writer does for everybody is one in all.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store.connection import Connection, Parameters
from bot.store.errors import StoreUnavailable

T = TypeVar("T")
Rows = sa.Result[*tuple[Any, ...]]

READERS = 2


class SqliteDatabase:
    """`writing` has one connection, whose transactions stand in line; `reading` has one for each reader."""

    def __init__(self, writing: sa.Engine, reading: sa.Engine) -> None:
        self._writing = writing
        self._reading = reading
        self._writer = WorkerThreads(1, "sqlite-writer")
        self._readers = WorkerThreads(READERS, "sqlite-reader")
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Connection]:
        async with self._turn:
            held = _OpenTransaction(self._writing)
            try:
                await self._writer.do(held.open)
                yield _ThreadConnection(self._writing.dialect, partial(self._in_thread, held))
            except BaseException:
                await self._writer.do(held.give_up)
                raise
            await self._writer.do(held.commit)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        yield _ThreadConnection(self._reading.dialect, self._read)

    async def run_transaction(self, act: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async with self._turn:
            return await self._writer.do(partial(self._carried_out, act))

    async def dispose(self) -> None:
        async with self._turn:
            await self._writer.do(self._writing.dispose)
            await self._readers.do(self._reading.dispose)
            self._writer.dismiss()
            self._readers.dismiss()

    def _carried_out(self, act: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        with self._writing.begin() as connection:
            return _run_sync(act(_ThreadConnection(connection.dialect, partial(_here, connection))))

    async def _in_thread(self, held: "_OpenTransaction", act: Callable[[sa.Connection], T]) -> T:
        return await self._writer.do(lambda: act(held.connection))

    async def _read(self, act: Callable[[sa.Connection], T]) -> T:
        def read() -> T:
            with self._reading.connect() as connection:
                return act(connection)

        return await self._readers.do(read)


class WorkerThreads:
    """Threads that do what the event loop hands them."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(threads, name)

    async def do(self, act: Callable[[], T]) -> T:
        """A thread cannot be stopped halfway: whoever is cancelled meanwhile waits for it all the same."""
        if self._pool is None:
            raise StoreUnavailable("it is closed")
        work = asyncio.get_running_loop().run_in_executor(self._pool, act)
        cancelled: asyncio.CancelledError | None = None
        while not work.done():
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return work.result()

    def dismiss(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None


class _OpenTransaction:
    """A transaction between two visits to its thread."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    @property
    def connection(self) -> sa.Connection:
        if self._connection is None:
            raise StoreUnavailable("the transaction is over")
        return self._connection

    def open(self) -> None:
        self._connection = self._engine.connect()
        self._connection.begin()

    def commit(self) -> None:
        try:
            self.connection.commit()
        finally:
            self.give_up()

    def give_up(self) -> None:
        """Whatever was not committed is undone."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


class _ThreadConnection:
    """A connection for those who live in the event loop; `do` brings their wishes to where it is."""

    def __init__(
        self, dialect: sa.Dialect, do: Callable[[Callable[[sa.Connection], Any]], Coroutine[Any, Any, Any]]
    ) -> None:
        self._dialect = dialect
        self._do = do

    @property
    def dialect(self) -> sa.Dialect:
        return self._dialect

    async def execute(self, statement: sa.Executable, parameters: Parameters | None = None) -> Any:
        return await self._do(lambda connection: _whole(connection.execute(statement, parameters)))

    async def exec_driver_sql(self, statement: str) -> Rows:
        return await self._do(lambda connection: _whole(connection.exec_driver_sql(statement)))

    async def run_sync(self, act: Callable[[sa.Connection], T], /) -> T:
        return await self._do(act)


def _whole(result: "sa.CursorResult[*tuple[Any, ...]]") -> Rows:
    # The cursor stays in its thread; the rows come along.
    return result.freeze()() if result.returns_rows else result


async def _here(connection: sa.Connection, act: Callable[[sa.Connection], T]) -> T:
    return act(connection)


def _run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Outside any event loop: all that is awaited is there already."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise RuntimeError("a transaction in one go waited for something else than its connection")
