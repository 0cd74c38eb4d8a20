"""Metadata that holds all tables, and columns and indexes that mean the same on SQLite and Postgres."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.types import TypeDecorator

METADATA = sa.MetaData()
_CONDITION = "condition"

# SQLite's STRICT tables accept only INTEGER, REAL, TEXT and BLOB.
INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REAL = sa.Double[float]().with_variant(sa.REAL(), "sqlite")
BOOLEAN = sa.Boolean().with_variant(sa.Integer(), "sqlite")


class CleanText(TypeDecorator[str]):
    """Text from outside, without the characters that a database cannot store.

    Postgres rejects NUL, and both databases reject half a surrogate pair. Such a character in the detail of a
    failed job must not keep the job from being settled.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        del dialect
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "").encode(errors="replace").decode()


class JsonText(TypeDecorator[Mapping[str, Any]]):
    """JSON as ASCII text, which takes every Python string and keeps the order of the keys."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: sa.Dialect) -> str:
        del dialect
        return json.dumps(dict(value or {}), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Mapping[str, Any]:
        del dialect
        return json.loads(value or "{}")


def one_of(column: str, values: Iterable[str]) -> str:
    """SQL condition that the column has one of these values."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def partial_index(name: str, *columns: str, where: sa.TextClause, unique: bool = False) -> sa.Index:
    """Index over the rows that meet a condition."""
    return sa.Index(name, *columns, unique=unique, sqlite_where=where, info={_CONDITION: where})


@event.listens_for(METADATA, "before_create")
def _set_conditions(metadata: sa.MetaData, *_: object, **__: object) -> None:
    # `postgresql_where` in the declaration would load all of Postgres's dialect at every start.
    for table in metadata.tables.values():
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.info.get(_CONDITION)
