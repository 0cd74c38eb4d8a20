"""A look into a database that a running bot may own: its jobs are left alone, and nobody is kept waiting."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from bot.clock import Clock
from bot.ledger.account import Balance
from bot.ledger.ledger import AuditEntry, Spending
from bot.store.backend.open import open_alongside, parse_url, sqlite_path
from bot.store.backend.schema import check_revision
from bot.store.connection import Connection
from bot.store.errors import StoreUnavailable, translated_errors
from bot.store.read import queries
from bot.store.read.integrity import AuditedRows, count_rows, discrepancies
from bot.store.repositories.moderation import unlist
from bot.store.write import key_values, servers
from bot.store.write.commands import Grant, WriteContext, apply


class OperatorConnection:
    """`async with OperatorConnection(url) as visitor:` only reads; `writing` is for what an operator decides.

    The lock file of SQLite says whose the jobs are. Neither a reader nor an entry in the ledger touches
    those: accounts are read, changed and written in one transaction, whichever process it is in.
    """

    def __init__(self, url: str, *, start: int, clock: Clock, writing: bool = False) -> None:
        self._address = parse_url(url)
        self._path = sqlite_path(self._address)
        self._database = open_alongside(self._address, writing=writing)
        self._start = start
        self._clock = clock

    async def __aenter__(self) -> Self:
        if self._path is not None and not self._path.is_file():
            raise StoreUnavailable(f"there is no file {self._path}")
        try:
            with translated_errors():
                await check_revision(self._database)
        except BaseException:
            await self._database.dispose()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._database.dispose()

    async def audit(self) -> tuple[Sequence[str], AuditedRows]:
        """Every place where the books do not add up, and how much was looked at."""
        async with self._transaction() as connection:
            return await discrepancies(connection), await count_rows(connection)

    async def spending(
        self, *, since: float, until: float, guild_id: int | None = None
    ) -> Sequence[Spending]:
        async with self._transaction() as connection:
            return await queries.spending(connection, since=since, until=until, guild_id=guild_id)

    async def grant(self, account: str, amount: int, why: str, audit_entry: AuditEntry) -> Balance:
        writing = WriteContext(worker="a visitor", now=self._clock.now(), start=self._start)
        async with self._transaction() as connection:
            (outcome,) = await apply(connection, [Grant(account, amount, why, audit_entry)], writing)
        if not isinstance(outcome, Balance):
            raise TypeError(outcome)
        return outcome

    async def forgive(self, job_id: str, audit_entry: AuditEntry) -> int:
        """Take a job's prints off the list of all servers; how many there were."""
        async with self._transaction() as connection:
            gone = await unlist(connection, job_id, None)
            if gone:
                await servers.record(connection, [audit_entry], at=self._clock.now())
        return gone

    async def read_value(self, name: str) -> str | None:
        async with self._transaction() as connection:
            return await key_values.read(connection, name)

    async def write_value(self, name: str, text: str) -> None:
        async with self._transaction() as connection:
            await key_values.write(connection, name, text)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        with translated_errors():
            async with self._database.begin() as connection:
                yield connection


async def audit_ledger(url: str, *, start: int, clock: Clock) -> Sequence[str]:
    """Every place where the books do not add up, looked at beside a store that goes on writing."""
    async with OperatorConnection(url, start=start, clock=clock) as visitor:
        wrong, _ = await visitor.audit()
    return wrong
