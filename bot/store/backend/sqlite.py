"""SQLite on threads: one writer, a few readers, and whole units of work from the event loop.

An asynchronous driver hands every cursor, row and COMMIT over to its thread. Here a single statement is one
handover, and a whole batch of the writer is also one.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.jobs.ports import StoreUnavailable
from bot.store.connection import Connection, Parameters

T = TypeVar("T")
Rows = sa.Result[*tuple[Any, ...]]

READERS = 2


class SqliteDatabase:
    """SQLite file with one connection for writing, one transaction at a time, and some for reading."""

    def __init__(self, writing: sa.Engine, reading: sa.Engine) -> None:
        self._writing = writing
        self._reading = reading
        self._writer = WorkerThreads(1, "sqlite-writer")
        self._readers = WorkerThreads(READERS, "sqlite-reader")
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Connection]:
        async with self._lock:
            transaction = _OpenTransaction(self._writing)
            try:
                yield _ThreadConnection(self._writing.dialect, partial(self._run_in, transaction))
            except BaseException:
                await self._writer.run(transaction.close)
                raise
            await self._writer.run(transaction.commit)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        yield _ThreadConnection(self._reading.dialect, self._read)

    async def run_transaction(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async with self._lock:
            return await self._writer.run(partial(self._run_whole, work))

    async def dispose(self) -> None:
        async with self._lock:
            await self._writer.run(self._writing.dispose)
            await self._readers.run(self._reading.dispose)
            self._writer.stop()
            self._readers.stop()

    def _run_whole(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        with self._writing.begin() as connection:
            return _run_sync(work(_ThreadConnection(connection.dialect, partial(_call, connection))))

    async def _run_in(self, transaction: "_OpenTransaction", work: Callable[[sa.Connection], T]) -> T:
        return await self._writer.run(lambda: work(transaction.connection))

    async def _read(self, work: Callable[[sa.Connection], T]) -> T:
        def read() -> T:
            with self._reading.connect() as connection:
                return work(connection)

        return await self._readers.run(read)


class WorkerThreads:
    """Threads that run blocking calls for the event loop."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(threads, name)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` on a thread; a caller that is cancelled waits for the thread before it stops."""
        if self._pool is None:
            raise StoreUnavailable("it is closed")
        loop = asyncio.get_running_loop()
        # `run_in_executor` chains a second future to this one, and its handover takes nearly twice as long.
        running = self._pool.submit(work)
        cancelled: asyncio.CancelledError | None = None
        while not running.done():
            ended = loop.create_future()
            running.add_done_callback(partial(_wake, loop, ended))
            try:
                await ended
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return running.result()

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None


def _wake(loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None], _: Future[Any]) -> None:
    loop.call_soon_threadsafe(lambda: ended.done() or ended.set_result(None))


class _OpenTransaction:
    """Transaction on the writer's thread, kept open between two handovers.

    The first statement begins it, which saves a handover.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._is_over = False

    @property
    def connection(self) -> sa.Connection:
        if self._is_over:
            raise StoreUnavailable("the transaction is over")
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.begin()
        return self._connection

    def commit(self) -> None:
        try:
            if self._connection is not None:
                self._connection.commit()
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection, which rolls back a transaction that was not committed."""
        self._is_over = True
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()


class _ThreadConnection:
    """Connection for coroutines, which `run` takes to the thread of the real connection."""

    def __init__(
        self, dialect: sa.Dialect, run: Callable[[Callable[[sa.Connection], Any]], Coroutine[Any, Any, Any]]
    ) -> None:
        self._dialect = dialect
        self._run = run

    @property
    def dialect(self) -> sa.Dialect:
        return self._dialect

    async def execute(self, statement: sa.Executable, parameters: Parameters | None = None) -> Any:
        return await self._run(lambda connection: _fetch_all(connection.execute(statement, parameters)))

    async def exec_driver_sql(self, statement: str) -> Rows:
        return await self._run(lambda connection: _fetch_all(connection.exec_driver_sql(statement)))

    async def run_sync(self, work: Callable[[sa.Connection], T], /) -> T:
        return await self._run(work)


def _fetch_all(result: "sa.CursorResult[*tuple[Any, ...]]") -> Rows:
    # The cursor cannot leave its thread, but the rows can.
    return result.freeze()() if result.returns_rows else result


async def _call(connection: sa.Connection, work: Callable[[sa.Connection], T]) -> T:
    return work(connection)


def _run_sync(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait, outside of any event loop."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise RuntimeError("a transaction at once awaited something other than its connection")
