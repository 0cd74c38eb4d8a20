"""SQLite's query plans of the statements that the store sends."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from tests.postgres import connected

Statements = Sequence[tuple[str, Any]]


@contextmanager
def recorded_statements() -> Generator[Statements]:
    """Record every statement sent to any database inside the context."""
    statements: list[tuple[str, Any]] = []

    def record(_c: object, _k: object, statement: str, parameters: Any, _x: object, _m: object) -> None:
        statements.append((statement, parameters))

    event.listen(sa.Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(sa.Engine, "before_cursor_execute", record)


async def plan_steps(sqlite_url: str, statements: Statements, *kinds: str) -> Sequence[str]:
    """Steps of the plans of all statements that begin with one of these words."""
    found: list[str] = []
    async with connected(sqlite_url) as connection:
        for statement, parameters in statements:
            if statement.startswith(kinds):
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
                found += [row.detail for row in plan]
    return found
