"""A condition over many values that is one statement, however many there are."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.store.connection import Connection


def among(column: sa.Column[str], values: Sequence[str], connection: Connection) -> sa.ColumnElement[bool]:
    # IN with a parameter per value is another statement for every length, to be prepared each time anew.
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(values), ARRAY(sa.Text)))
    return column.in_(sa.select(sa.func.json_each(json.dumps(values)).table_valued("value").c.value))
