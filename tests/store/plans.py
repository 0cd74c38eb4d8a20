"""How SQLite goes about the statements that it is sent."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from tests.postgres import connected

Statements = Sequence[tuple[str, Any]]


@contextmanager
def recorded_statements() -> Generator[Statements]:
    """Every statement that any database is sent meanwhile."""
    said: list[tuple[str, Any]] = []

    def hear(_c: object, _k: object, statement: str, parameters: Any, _x: object, _m: object) -> None:
        said.append((statement, parameters))

    event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(sa.Engine, "before_cursor_execute", hear)


async def plan_steps(sqlite_url: str, said: Statements, *kinds: str) -> Sequence[str]:
    """The steps of the statements that begin with one of these words."""
    found: list[str] = []
    async with connected(sqlite_url) as connection:
        for statement, parameters in said:
            if statement.startswith(kinds):
                plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
                found += [row.detail for row in plan]
    return found
