"""What the SQL of this room runs on, whichever database it is."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar, TypeVarTuple, overload

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TypedReturnsRows

T = TypeVar("T")
Columns = TypeVarTuple("Columns")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Connection(Protocol):
    """Every row of a result is there when it is given."""

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

    async def run_sync(self, act: Callable[[sa.Connection], T], /) -> T: ...


Transaction = Callable[[], AbstractAsyncContextManager[Connection]]


class Database(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction, which others that write may have to wait for."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Connection]:
        """Each statement sees what is committed by then, and waits for no one."""
        ...

    async def run_transaction(self, act: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """A whole transaction in one go: `act` waits for nothing but the connection."""
        ...

    async def dispose(self) -> None: ...
