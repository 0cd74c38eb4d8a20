"""The store as the runner knows it: jobs and credits in SQLite or Postgres."""

import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast

import sqlalchemy as sa

from bot.administration.credits import Ordered
from bot.jobs.job import Job
from bot.jobs.ports import Capacity, Clock
from bot.ledger.account import Balance
from bot.ledger.budgets import Budget
from bot.ledger.ledger import AlreadyCredited, AlreadyRefunded, AuditEntry, LedgerLine, Spending
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import ServerRules
from bot.store.backend import shards
from bot.store.backend.leases import WorkerLease, lock_file
from bot.store.backend.open import open_database, parse_url, sqlite_path
from bot.store.backend.schema import bring_up_to_date
from bot.store.connection import Connection
from bot.store.errors import ChangeRejected, translated_errors
from bot.store.read import queries
from bot.store.read.history import SqlJobHistory
from bot.store.read.integrity import discrepancies
from bot.store.read.queries import Page
from bot.store.repositories.approvals import SqlApprovals
from bot.store.repositories.cases import SqlCases
from bot.store.repositories.faces import SqlFaceRepository
from bot.store.repositories.member_data import SqlMemberData
from bot.store.repositories.moderation import SqlModerationStore
from bot.store.write import budgets, jobs, key_values, reconcile, servers
from bot.store.write import ledger as ledgers
from bot.store.write.commands import (
    Adjust,
    Change,
    Grant,
    InsertRows,
    Move,
    Open,
    Outcome,
    WriteContext,
    apply,
)
from bot.store.write.writer import Writer


class SqlStore:
    """`async with SqlStore(url, start=…, clock=…) as store:` is both the runner's `Store` and the `Books`.

    Every process that opens it is a worker of its own, and moves only the jobs that it opened or adopted.
    """

    _writer: Writer

    def __init__(
        self,
        url: str,
        *,
        start: int,
        clock: Clock,
        lease: float = 30.0,
        batch: int = 500,
        commit: Callable[[int], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """`commit` is entered around the writing of so many changes."""
        self._address = parse_url(url)
        self._path = sqlite_path(self._address)
        self._database = open_database(self._address)
        self._worker = uuid.uuid4().hex
        self._start = start
        self._clock = clock
        self._seconds = lease
        self._batch = batch
        self._commit = commit
        self.job_history = SqlJobHistory(self._reading)
        self.faces = SqlFaceRepository(self._transaction)
        self._lease: WorkerLease | None = None
        self._exit = AsyncExitStack()
        self.moderation = SqlModerationStore(self._transaction, self._reading, self._keep, clock)
        self.cases = SqlCases(self._transaction, clock)
        self.approvals = SqlApprovals(self._transaction, self._reading, clock, worker=self._worker)
        self.member_data = SqlMemberData(self._transaction, clock)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            with translated_errors():
                if self._path is not None:
                    stack.callback(lock_file(self._path).release)
                stack.push_async_callback(self._database.dispose)
                await bring_up_to_date(self._database)
                if self._path is None:
                    self._lease = await self._take_lease(stack)
            self._writer = Writer(self._transact, batch=self._batch)
            stack.push_async_callback(self._writer.close)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._exit.aclose()

    async def balance(self, account: str) -> Balance:
        async with self._reading() as connection:
            return await ledgers.read(connection, account, start=self._start)

    async def grant(
        self, account: str, amount: int, why: str, audit_entry: AuditEntry, *, receipt: str | None = None
    ) -> Balance:
        try:
            return cast(
                "Balance", await self._writer.write(Grant(account, amount, why, audit_entry, receipt))
            )
        except ChangeRejected:
            if receipt is not None and await self._is_credited(receipt):
                raise AlreadyCredited(receipt) from None
            raise

    async def adjust(
        self, account: str, amount: int, why: str, audit_entry: AuditEntry, *, job_id: str | None = None
    ) -> Balance:
        try:
            return cast(
                "Balance", await self._writer.write(Adjust(account, amount, why, audit_entry, job_id))
            )
        except ChangeRejected as refusal:
            # The one rule of the tables that two people can run into, by giving back at the same time.
            raise (refusal if job_id is None else AlreadyRefunded(job_id)) from None

    async def rules(self, guild_id: int) -> ServerRules:
        async with self._reading() as connection:
            return await servers.read(connection, guild_id)

    async def all_rules(self) -> dict[int, ServerRules]:
        async with self._reading() as connection:
            return await servers.read_all(connection)

    async def change_rules(
        self, guild_id: int, change: Callable[[ServerRules], ServerRules], audit_entry: AuditEntry
    ) -> ServerRules:
        async with self._transaction() as connection:
            rules = await servers.change(connection, guild_id, change)
            await servers.record(connection, [audit_entry], at=self._clock.now())
        return rules

    async def history(
        self, account: str, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[LedgerLine]:
        async with self._reading() as connection:
            return await queries.history(connection, account, Page(before, after, limit))

    async def audit_entries(
        self, guild_id: int | None, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[AuditEntry]:
        async with self._reading() as connection:
            return await queries.audit_entries(connection, guild_id, Page(before, after, limit))

    async def jobs_of(self, guild_id: int, *, limit: int) -> Sequence[Ordered]:
        async with self._reading() as connection:
            return await queries.jobs_of(connection, guild_id, limit=limit)

    async def spending(
        self, *, since: float, until: float, guild_id: int | None = None
    ) -> Sequence[Spending]:
        async with self._reading() as connection:
            return await queries.spending(connection, since=since, until=until, guild_id=guild_id)

    async def spent_in(self, budget: Budget) -> int:
        async with self._reading() as connection:
            return await budgets.spent_in(connection, budget)

    async def open(self, job: Job, terms: MemberTerms) -> None:
        await self._writer.write(Open(job, terms))

    async def move(self, job: Job, to: Job, *, capacity: Capacity | None = None) -> Job:
        await self._writer.write(Move(job, to, capacity))
        return to

    async def mark_told(self, job: Job) -> None:
        await self._writer.write(Move(job, replace(job, told=True)))

    async def find(self, job_id: str) -> Job | None:
        async with self._reading() as connection:
            return await jobs.find(connection, job_id)

    async def adopt(self) -> Sequence[Job]:
        if self._lease is not None:
            with translated_errors():
                # What is adopted under a lease that ran out would be taken away again at once.
                await self._lease.renew()
        living_at = None if self._lease is None else self._clock.now()
        async with self._transaction() as connection:
            return await jobs.adopt(connection, owner=self._worker, living_at=living_at)

    async def never_found(self, since: float) -> Sequence[Job]:
        async with self._reading() as connection:
            return await reconcile.never_found(connection, since)

    async def found_late(self, job: Job, request_id: str, cost: float) -> bool:
        async with self._transaction() as connection:
            return await reconcile.found(connection, job, request_id, cost)

    async def workers(self) -> int:
        """How many processes work on this database now, this one among them."""
        if self._lease is None:
            return 1
        async with self._reading() as connection:
            return max(1, await shards.living_workers(connection, self._clock.now()))

    async def claim_shards(self, count: int, total: int) -> Sequence[int]:
        """So many of Discord's shards that nobody else serves; none where there are too few of them."""
        if self._lease is not None:
            with translated_errors():
                await self._lease.renew()
        living_at = None if self._lease is None else self._clock.now()
        async with self._transaction() as connection:
            return await shards.claim(connection, count, total, owner=self._worker, living_at=living_at)

    async def held_shards(self, total: int) -> set[int]:
        async with self._reading() as connection:
            return await shards.held(connection, total, owner=self._worker)

    async def read_value(self, name: str) -> str | None:
        """A small thing that was written down, such as which commands Discord knows."""
        async with self._reading() as connection:
            return await key_values.read(connection, name)

    async def write_value(self, name: str, text: str) -> None:
        async with self._transaction() as connection:
            await key_values.write(connection, name, text)

    async def swap_value(self, name: str, text: str) -> str | None:
        """Write it down, and say what stood there."""
        async with self._transaction() as connection:
            return await key_values.swap(connection, name, text)

    async def ping(self) -> None:
        """Return where the database answers, and raise where it does not."""
        async with self._reading() as connection:
            await connection.execute(sa.select(1))

    def lease_left(self) -> float | None:
        """Seconds until others may take this process's jobs; none where there are no others."""
        return None if self._lease is None else self._lease.until - self._clock.now()

    async def audit(self) -> list[str]:
        """Every place where the books do not add up; none is what should be found."""
        async with self._transaction() as connection:
            return await discrepancies(connection)

    async def _keep(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self._writer.write(InsertRows(table, rows))

    async def _is_credited(self, receipt: str) -> bool:
        async with self._reading() as connection:
            return await queries.is_credited(connection, receipt)

    async def _take_lease(self, stack: AsyncExitStack) -> WorkerLease:
        lease = WorkerLease(
            open_database(self._address, connections=1),
            worker=self._worker,
            clock=self._clock,
            seconds=self._seconds,
        )
        stack.push_async_callback(lease.close)
        await lease.start()
        return lease

    async def _transact(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        writing = WriteContext(worker=self._worker, now=self._clock.now(), start=self._start)
        with self._commit(len(changes)):
            return await self._database.run_transaction(partial(apply, changes=changes, writing=writing))

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        with translated_errors():
            async with self._database.begin() as connection:
                yield connection

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[Connection]:
        with translated_errors():
            async with self._database.reading() as connection:
                yield connection
