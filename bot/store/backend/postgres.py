"""Postgres through its asynchronous driver."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from bot.store.connection import Connection

T = TypeVar("T")


class PostgresDatabase:
    """Pool of connections to a Postgres server."""

    def __init__(self, address: sa.URL, **options: Any) -> None:
        # Imported here because it loads the whole ORM: bots with a SQLite file start faster without it.
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

        self._engine = create_async_engine(address, **options)
        event.listen(self._engine.sync_engine, "connect", _commit_durably)
        # AUTOCOMMIT saves the BEGIN and ROLLBACK around a single statement.
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        return self._engine.begin()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        async with self._autocommit.connect() as connection:
            yield connection

    async def run_transaction(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async with self._engine.begin() as connection:
            return await work(connection)

    async def dispose(self) -> None:
        await self._engine.dispose()


def _commit_durably(connection: Any, record: object) -> None:
    """Make commits wait for the disk: a lost SUBMITTING record would let a request be sent twice.

    This raises a weaker setting of the server or the role, and keeps the stronger one of a standby.
    """
    del record
    cursor = connection.cursor()
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')"
    )
    cursor.close()
    connection.commit()
