"""Compiled SQL that all SQLite databases of the process share.

SQLAlchemy compiles each statement once for each engine. Most tests open a database of their own, and would
spend more time on that than on their queries.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_compiled: dict[Any, Any] = {}


class SharingDialect(SQLiteDialect_pysqlite):
    """SQLite's dialect, equal to each other one, because the key of a compiled statement contains it."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharingDialect)

    def __hash__(self) -> int:
        return hash(SharingDialect)


def share() -> None:
    registry.register("sqlite", __name__, SharingDialect.__name__)
    event.listen(sa.Engine, "engine_connect", _on_connect)


def _on_connect(connection: sa.Connection) -> None:
    if isinstance(connection.dialect, SharingDialect):
        connection.execution_options(compiled_cache=_compiled)
