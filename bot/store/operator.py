"""Connection for the operator's commands, next to a bot that may be running on the same database."""

from collections.abc import Sequence
from functools import partial
from typing import Self

from bot.administration.audit import AuditAction
from bot.clock import Clock
from bot.jobs.job import Job
from bot.jobs.ports import StoreUnavailable
from bot.jobs.supervision.decisions import release_key
from bot.ledger.account import Balance
from bot.ledger.ledger import OPERATOR, AuditEntry, Spending
from bot.media.types import DetectedMark
from bot.moderation.origin import Origin
from bot.store.backend.open import open_alongside, parse_url, sqlite_path
from bot.store.backend.schema import check_revision
from bot.store.connection import transaction
from bot.store.errors import translated_errors
from bot.store.read import origins, queries, requests
from bot.store.read.integrity import CheckedRows, count_rows, discrepancies
from bot.store.read.requests import UnknownOutcome
from bot.store.repositories.moderation import lift_ban
from bot.store.repositories.takedowns import SqlTakedowns
from bot.store.write import audit_log, jobs, key_values
from bot.store.write.apply import apply
from bot.store.write.commands import Grant, WriteContext


class OperatorConnection:
    """Database connection that only reads, unless `writing` is set.

    The lock file of SQLite protects the jobs, which this connection never moves. It changes accounts in one
    transaction with their entries, which is safe from any process.
    """

    def __init__(self, url: str, *, start: int, clock: Clock, writing: bool = False) -> None:
        address = parse_url(url)
        self._path = sqlite_path(address)
        self._database = open_alongside(address, writing=writing)
        self._transaction = partial(transaction, self._database)
        self._start = start
        self._clock = clock
        self.takedowns = SqlTakedowns(self._transaction, self._transaction, clock)

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

    async def check_ledger(self) -> tuple[Sequence[str], CheckedRows]:
        """Every discrepancy in the ledger, and the number of rows that were read."""
        async with self._transaction() as connection:
            return await discrepancies(connection), await count_rows(connection)

    async def spending(
        self, *, since: float, until: float, guild_id: int | None = None
    ) -> Sequence[Spending]:
        async with self._transaction() as connection:
            return await queries.spending(connection, since=since, until=until, guild_id=guild_id)

    async def grant(self, account: str, amount: int, why: str, audit_entry: AuditEntry) -> Balance:
        context = WriteContext(worker="operator", now=self._clock.now(), start=self._start)
        async with self._transaction() as connection:
            (outcome,) = await apply(connection, [Grant(account, amount, why, audit_entry)], context)
        if not isinstance(outcome, Balance):
            raise TypeError(outcome)
        return outcome

    async def forgive(self, job_id: str, audit_entry: AuditEntry) -> int:
        """Remove a job's fingerprints from the list of all servers, and return how many there were."""
        async with self._transaction() as connection:
            count = await lift_ban(connection, job_id, None)
            if count:
                await audit_log.record(connection, [audit_entry], at=self._clock.now())
        return count

    async def find(self, job_id: str) -> Job | None:
        async with self._transaction() as connection:
            return await jobs.find(connection, job_id)

    async def find_origin(self, mark: DetectedMark, distance: int) -> Origin | None:
        async with self._transaction() as connection:
            return await origins.find_origin(connection, mark, distance)

    async def unknown_outcomes(self) -> Sequence[UnknownOutcome]:
        """Jobs of unknown outcome, oldest first."""
        async with self._transaction() as connection:
            return await requests.unknown_outcomes(connection)

    async def release_unknown(self, job_id: str) -> bool:
        """Let the bot that owns a job of unknown outcome release it; return whether there is such a job."""
        async with self._transaction() as connection:
            if (server := await requests.server_of_unknown(connection, job_id)) is None:
                return False
            await key_values.write(connection, release_key(job_id), OPERATOR)
            audit_entry = AuditEntry(OPERATOR, AuditAction.RELEASE, {"job": job_id}, guild_id=server[0])
            await audit_log.record(connection, [audit_entry], at=self._clock.now())
        return True

    async def read_value(self, name: str) -> str | None:
        async with self._transaction() as connection:
            return await key_values.read(connection, name)

    async def write_value(self, name: str, text: str) -> None:
        async with self._transaction() as connection:
            await key_values.write(connection, name, text)


async def ledger_discrepancies(url: str, *, start: int, clock: Clock) -> Sequence[str]:
    """Every discrepancy in the ledger of a database that a bot may be using."""
    async with OperatorConnection(url, start=start, clock=clock) as operator:
        found, _ = await operator.check_ledger()
    return found
