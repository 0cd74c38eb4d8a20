"""Connection of the dashboard, which reads only open jobs and those that ended recently."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import sqlalchemy as sa

from bot.jobs.job import State
from bot.store.backend.open import open_alongside, parse_url
from bot.store.connection import Connection, transaction
from bot.store.dialects import is_postgres
from bot.store.read.dashboard.past import Past, Reach, read_past
from bot.store.read.dashboard.present import Present, read_present
from bot.store.read.integrity import CheckedRows, count_rows, discrepancies
from bot.store.tables import OPEN, jobs

# The page is read again soon, so a slow query is not worth its load.
_STATEMENT_TIMEOUT = "5s"


class DashboardQueries:
    """Read-only connection of its own, which no writer has to wait for."""

    def __init__(self, url: str) -> None:
        self._database = open_alongside(parse_url(url), writing=False)
        self.reach = Reach()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._database.dispose()

    async def waiting(self) -> int:
        """Number of jobs of all processes that are not submitted yet."""
        held = sa.select(sa.func.count()).select_from(jobs).where(OPEN, jobs.c.state == State.HELD)
        async with self._transaction() as connection:
            return (await connection.execute(held)).scalar_one()

    async def present(self) -> Present:
        async with self._transaction() as connection:
            return await read_present(connection)

    async def past(self, now: float) -> Past:
        async with self._transaction() as connection:
            return await read_past(connection, now, self.reach)

    async def check_ledger(self, since: float | None = None) -> tuple[Sequence[str], CheckedRows]:
        """Every discrepancy in the ledger, or those that may have come since then, and the number of rows."""
        async with transaction(self._database) as connection:
            return await discrepancies(connection, since), await count_rows(connection)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        async with transaction(self._database) as connection:
            if is_postgres(connection):
                await connection.execute(sa.text(f"SET LOCAL statement_timeout = '{_STATEMENT_TIMEOUT}'"))
            yield connection
