"""What the two databases word differently."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from bot.store.connection import Connection


def among(column: sa.Column[str], values: Sequence[str], connection: Connection) -> sa.ColumnElement[bool]:
    """One statement, however many values there are."""
    # IN with a parameter per value is another statement for every length, to be prepared each time anew.
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(values), ARRAY(sa.Text)))
    return column.in_(sa.select(sa.func.json_each(json.dumps(values)).table_valued("value").c.value))


def insert_into(connection: Connection, table: sa.Table) -> Any:
    """With what either has for rows that are there already."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
