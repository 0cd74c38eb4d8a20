"""Postgres by its asynchronous driver, whose connections need no threads."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from bot.store.connection import Connection

T = TypeVar("T")


class PostgresDatabase:
    def __init__(self, address: sa.URL, **options: Any) -> None:
        # Brings the whole ORM with it, which nobody waits for who has a file.
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

        self._engine = create_async_engine(address, **options)
        # Spares a statement by itself the BEGIN and the ROLLBACK around it.
        self._alone = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        return self._engine.begin()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Connection]:
        async with self._alone.connect() as connection:
            yield connection

    async def run_transaction(self, act: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        async with self._engine.begin() as connection:
            return await act(connection)

    async def dispose(self) -> None:
        await self._engine.dispose()
