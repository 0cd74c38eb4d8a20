"""SQL that SQLite and Postgres express differently."""

import json
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bot.store.connection import Connection
from bot.store.tables.columns import INTEGER

POSTGRES = "postgresql"


def matches_any(column: sa.Column[str], dialect: str) -> sa.ColumnElement[bool]:
    """Condition that the column has one of the values bound by `any_values`."""
    # IN with one parameter per value makes a new statement for every length, which has to be prepared again.
    if dialect == POSTGRES:
        return column == sa.any_(sa.bindparam("any_values", type_=sa.ARRAY(sa.Text)))
    values = sa.func.json_each(sa.bindparam("any_values", type_=sa.Text))
    return column.in_(sa.select(values.table_valued("value").c.value))


def any_values(values: Sequence[str], connection: Connection) -> dict[str, Any]:
    """Parameters for a statement that uses `matches_any`."""
    return {"any_values": list(values) if is_postgres(connection) else json.dumps(values)}


def is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == POSTGRES


def floor(value: sa.ColumnElement[Any], connection: Connection) -> sa.ColumnElement[int]:
    """Round a positive number down."""
    # SQLite's cast truncates, Postgres's rounds.
    return sa.cast(sa.func.floor(value) if is_postgres(connection) else value, INTEGER)


def insert_into(connection: Connection, table: sa.Table) -> sqlite.Insert:
    """Insert statement with the ON CONFLICT clauses of the connection's database."""
    if is_postgres(connection):
        # A bot with a SQLite file starts faster without the other dialect.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        # Both dialects' statements have the same methods, as far as the store uses them.
        return cast("sqlite.Insert", postgresql.insert(table))
    return sqlite.insert(table)
