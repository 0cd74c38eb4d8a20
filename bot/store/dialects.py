"""What the two databases word differently."""

import json
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from bot.store.connection import Connection
from bot.store.tables.columns import INTEGER

POSTGRES = "postgresql"


def matches_any(column: sa.Column[str], dialect: str) -> sa.ColumnElement[bool]:
    """One statement, however many values `these` brings along with it."""
    # IN with a parameter per value is another statement for every length, to be prepared each time anew.
    if dialect == POSTGRES:
        return column == sa.any_(sa.bindparam("these", type_=ARRAY(sa.Text)))
    given = sa.func.json_each(sa.bindparam("these", type_=sa.Text))
    return column.in_(sa.select(given.table_valued("value").c.value))


def any_values(values: Sequence[str], connection: Connection) -> dict[str, Any]:
    return {"these": list(values) if is_postgres(connection) else json.dumps(values)}


def is_postgres(connection: Connection) -> bool:
    return connection.dialect.name == POSTGRES


def floor(value: sa.ColumnElement[Any], connection: Connection) -> sa.ColumnElement[int]:
    """The whole number below: SQLite's cast cuts off, Postgres's rounds."""
    return sa.cast(sa.func.floor(value) if is_postgres(connection) else value, INTEGER)


def insert_into(connection: Connection, table: sa.Table) -> sqlite.Insert:
    """With what either has for rows that are there already."""
    if is_postgres(connection):
        # Of the same build, as far as it is used here.
        return cast("sqlite.Insert", postgresql.insert(table))
    return sqlite.insert(table)
