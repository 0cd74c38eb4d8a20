"""Compiled SQL that all databases of the process share.

SQLAlchemy compiles each statement once for each engine. Most tests open a database of their own, and would
spend more time on that than on their queries.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_compiled: dict[Any, Any] = {}


class _Sharing:
    """Dialect that equals all of its class, because the key of a compiled statement contains it."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class SharingSqlite(_Sharing, SQLiteDialect_pysqlite):
    """SQLite's dialect."""

    supports_statement_cache = True


class SharingPostgres(_Sharing, PGDialect_asyncpg):
    """Dialect of Postgres."""

    supports_statement_cache = True


def share() -> None:
    registry.register("sqlite", __name__, SharingSqlite.__name__)
    registry.register("postgresql.asyncpg", __name__, SharingPostgres.__name__)
    event.listen(sa.Engine, "engine_connect", _on_connect)


def _on_connect(connection: sa.Connection) -> None:
    if isinstance(connection.dialect, _Sharing):
        connection.execution_options(compiled_cache=_compiled)
