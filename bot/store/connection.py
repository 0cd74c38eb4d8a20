"""Interface to the database, the same for SQLite and Postgres, and the transactions on it."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TypedReturnsRows

from bot.store.errors import translated_errors

T = TypeVar("T")
Columns = TypeVarTuple("Columns")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Connection(Protocol):
    """Connection whose results hold all their rows already."""

    @property
    def dialect(self) -> sa.Dialect: ...

    @overload
    async def execute(
        self, statement: TypedReturnsRows[*Columns], parameters: Parameters | None = None
    ) -> sa.Result[*Columns]: ...

    @overload
    async def execute(
        self, statement: sa.Executable, parameters: Parameters | None = None
    ) -> sa.Result[*tuple[Any, ...]]: ...

    async def exec_driver_sql(self, statement: str) -> sa.Result[*tuple[Any, ...]]: ...

    async def run_sync(self, work: Callable[[sa.Connection], T], /) -> T: ...


class Database(Protocol):
    """Open database, either a SQLite file or Postgres."""

    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """Open a transaction, for which other writers may have to wait."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Connection]:
        """Open a connection whose statements each see the latest commit and wait for no writer."""
        ...

    async def run_transaction(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """Run a whole transaction at once; `work` may await nothing but the connection."""
        ...

    async def dispose(self) -> None: ...


Transaction = Callable[[], AbstractAsyncContextManager[Connection]]


@asynccontextmanager
async def transaction(database: Database) -> AsyncGenerator[Connection]:
    """Open a transaction that raises the store's own errors."""
    with translated_errors():
        async with database.begin() as connection:
            yield connection


@asynccontextmanager
async def reading(database: Database) -> AsyncGenerator[Connection]:
    """Open a connection for reading that raises the store's own errors."""
    with translated_errors():
        async with database.reading() as connection:
            yield connection
