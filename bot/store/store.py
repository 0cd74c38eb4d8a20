"""The store: jobs, credits and moderation data in SQLite or Postgres."""

import uuid
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast

import sqlalchemy as sa

from bot.administration.credits import JobSummary
from bot.jobs.job import Job
from bot.jobs.ports import Clock, OpenJob, RequestTaken, SlotRequest
from bot.jobs.unknown.history_pass import KnownRequest
from bot.ledger.account import Balance
from bot.ledger.budgets import Budget, grants_of
from bot.ledger.events import Event, EventPlan
from bot.ledger.ledger import AlreadyCredited, AlreadyRefunded, AuditEntry, LedgerLine, Spending
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import ServerRules
from bot.store.backend import leases, shards
from bot.store.backend.leases import WorkerLease, lock_file
from bot.store.backend.open import open_database, parse_url, sqlite_path
from bot.store.backend.schema import bring_up_to_date
from bot.store.connection import reading, transaction
from bot.store.errors import ChangeRejected, translated_errors
from bot.store.read import queries, requests
from bot.store.read.history import SqlJobHistory
from bot.store.read.integrity import discrepancies
from bot.store.read.queries import Page
from bot.store.repositories.approvals import SqlApprovals
from bot.store.repositories.avatars import SqlAvatars
from bot.store.repositories.cases import SqlCases
from bot.store.repositories.faces import SqlFaceRepository
from bot.store.repositories.member_data import SqlMemberData
from bot.store.repositories.moderation import SqlModerationStore
from bot.store.repositories.server_data import SqlServerData
from bot.store.repositories.takedowns import SqlTakedowns
from bot.store.write import audit_log, budgets, events, jobs, key_values, reconcile, servers, slots
from bot.store.write import ledger as ledgers
from bot.store.write.adoption import Takeover
from bot.store.write.apply import apply
from bot.store.write.commands import (
    Adjust,
    Change,
    Gift,
    Grant,
    InsertRows,
    Move,
    Open,
    Outcome,
    WriteContext,
)
from bot.store.write.writer import Writer

# A database that has space for this many bytes has space for an order, too.
_PROBE_BYTES = 64 * 1024


class SqlStore:
    """Store of jobs and credits, with repositories for everything else, used as an async context manager.

    Every process that opens the database is a worker, and moves only the jobs that it opened or adopted.
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
        """`commit` is entered around each transaction of the writer, with the number of its changes."""
        self._address = parse_url(url)
        self._path = sqlite_path(self._address)
        self._database = open_database(self._address)
        self._worker = uuid.uuid4().hex
        self._start = start
        self._clock = clock
        self._lease_seconds = lease
        self._batch = batch
        self._commit = commit
        self._lease: WorkerLease | None = None
        self._exit = AsyncExitStack()
        self._transaction = partial(transaction, self._database)
        self._reading = partial(reading, self._database)
        self._takeover = Takeover(self._transaction, self._reading, owner=self._worker)
        self.job_history = SqlJobHistory(self._reading)
        self.faces = SqlFaceRepository(self._transaction)
        self.moderation = SqlModerationStore(self._transaction, self._reading, self._insert, clock)
        self.avatars = SqlAvatars(self._transaction, self._reading, clock)
        self.cases = SqlCases(self._transaction, clock)
        self.approvals = SqlApprovals(self._transaction, self._reading, clock, worker=self._worker)
        self.takedowns = SqlTakedowns(self._transaction, self._reading, clock)
        self.server_data = SqlServerData(self._transaction, clock)
        self.member_data = SqlMemberData(self._transaction, clock, keeps_leavers=start > 0)

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
        self,
        account: str,
        amount: int,
        why: str,
        audit_entry: AuditEntry,
        *,
        receipt: str | None = None,
        monthly: int | None = None,
    ) -> Balance:
        grant = Grant(account, amount, why, audit_entry, receipt, monthly)
        try:
            return cast("Balance", await self._writer.write(grant))
        except ChangeRejected:
            if receipt is not None and await self._is_credited(receipt):
                raise AlreadyCredited(receipt) from None
            raise

    async def adjust(
        self,
        account: str,
        amount: int,
        why: str,
        audit_entry: AuditEntry,
        *,
        job_id: str | None = None,
        monthly: int | None = None,
    ) -> Balance:
        adjust = Adjust(account, amount, why, audit_entry, job_id, monthly)
        try:
            return cast("Balance", await self._writer.write(adjust))
        except ChangeRejected as error:
            # Two administrators may refund one job at the same time, and the tables allow one refund.
            raise (error if job_id is None else AlreadyRefunded(job_id)) from None

    async def gift(
        self, giver: str, receiver: str, amount: int, audit_entry: AuditEntry, *, daily: int
    ) -> Balance:
        gift = Gift(uuid.uuid4().hex, giver, receiver, amount, daily, audit_entry)
        return cast("Balance", await self._writer.write(gift))

    async def start_event(self, guild_id: int, plan: EventPlan, audit_entry: AuditEntry) -> None:
        async with self._transaction() as connection:
            # The rules' row exists in every server with events, so its lock lets no two start at once.
            await servers.change_rules(connection, guild_id, lambda rules: rules)
            await events.start(connection, guild_id, plan, at=self._clock.now())
            await audit_log.record(connection, [audit_entry], at=self._clock.now())

    async def end_event(self, guild_id: int, audit_entry: AuditEntry) -> bool:
        async with self._transaction() as connection:
            ended = await events.end(connection, guild_id, at=self._clock.now())
            if ended:
                await audit_log.record(connection, [audit_entry], at=self._clock.now())
            return ended

    async def running_event(self, guild_id: int, *, monthly: int) -> Event | None:
        now = self._clock.now()
        async with self._reading() as connection:
            return await events.running(
                connection, guild_id, at=now, grants=grants_of(guild_id, now), monthly=monthly
            )

    async def rules(self, guild_id: int) -> ServerRules:
        async with self._reading() as connection:
            return await servers.read(connection, guild_id)

    async def rules_of(self, guild_ids: Collection[int]) -> Mapping[int, ServerRules]:
        async with self._reading() as connection:
            return await servers.read_some(connection, guild_ids)

    async def change_rules(
        self, guild_id: int, change: Callable[[ServerRules], ServerRules], audit_entry: AuditEntry
    ) -> ServerRules:
        async with self._transaction() as connection:
            rules = await servers.change_rules(connection, guild_id, change)
            await audit_log.record(connection, [audit_entry], at=self._clock.now())
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

    async def jobs_of(self, guild_id: int, *, limit: int) -> Sequence[JobSummary]:
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

    async def open(self, job: Job, terms: MemberTerms, *others: Job) -> None:
        await self._writer.write(Open((job, *others), terms))

    async def share_slots(
        self, requests: Sequence[SlotRequest], *, held: Collection[str]
    ) -> Mapping[str, int]:
        if self._lease is None:
            # The queue of the only process keeps the limits by itself.
            return {request.job.id: 0 for request in requests}
        async with self._transaction() as connection:
            return await slots.share_out(
                connection, requests, held=held, worker=self._worker, now=self._clock.now()
            )

    async def move(self, job: Job, to: Job) -> Job:
        try:
            await self._writer.write(Move(job, to))
        except ChangeRejected:
            if to.request_id != job.request_id and await self.requests_among([to.request_id or ""]):
                raise RequestTaken(to.request_id) from None
            raise
        return to

    async def mark_told(self, job: Job) -> None:
        await self._writer.write(Move(job, replace(job, told=True)))

    async def find(self, job_id: str) -> Job | None:
        async with self._reading() as connection:
            return await jobs.find(connection, job_id)

    async def find_of_server(self, guild_id: int, job_id: str) -> Job | None:
        async with self._reading() as connection:
            return await jobs.find_of_server(connection, guild_id, job_id)

    async def find_batch(self, batch: str) -> Sequence[Job]:
        async with self._reading() as connection:
            return await jobs.find_batch(connection, batch)

    async def find_own(self, job_id: str) -> Job | None:
        async with self._reading() as connection:
            return await jobs.find(connection, job_id, owner=self._worker)

    async def owns(self, job_id: str) -> bool:
        """Return whether the job is open and this worker's, so that nobody else shows its member anything."""
        if (left := self.lease_left()) is None:
            return True
        if left <= 0:
            return False
        async with self._reading() as connection:
            return await jobs.is_open(connection, job_id, owner=self._worker)

    async def show_again(self, job_id: str) -> bool:
        """Open a closed job of another worker, whose sweep then shows its end again."""
        async with self._transaction() as connection:
            return await jobs.show_again(connection, job_id, owner=self._worker)

    async def request_cancellation(self, job_id: str) -> bool:
        async with self._transaction() as connection:
            return await jobs.request_cancellation(connection, job_id)

    async def to_cancel(self) -> Sequence[Job]:
        async with self._reading() as connection:
            return await jobs.to_cancel(connection, owner=self._worker)

    async def open_jobs(self, after: OpenJob | None) -> Sequence[OpenJob]:
        async with self._reading() as connection:
            return await jobs.open_jobs(connection, after, owner=self._worker)

    async def adopt(self) -> AsyncGenerator[Sequence[Job]]:
        await self._renew_lease(serves=True)
        async for adopted in self._takeover.adopt():
            yield adopted
        if self._lease is not None:
            async with self._transaction() as connection:
                await leases.forget_dead_workers(connection)

    async def never_found(self, since: float) -> Sequence[Job]:
        async with self._reading() as connection:
            return await reconcile.never_found(connection, since)

    async def requests_among(self, request_ids: Collection[str]) -> Mapping[str, KnownRequest]:
        async with self._reading() as connection:
            return await requests.among(connection, request_ids)

    async def last_requests(self, before: float, *, limit: int) -> Sequence[float]:
        async with self._reading() as connection:
            return await requests.last(connection, before, limit=limit)

    async def found_late(self, job: Job, request_id: str, cost: float) -> bool:
        async with self._transaction() as connection:
            return await reconcile.found(connection, job, request_id, cost)

    async def workers(self) -> int:
        """Number of processes that serve members from this database now, including this one."""
        if self._lease is None:
            return 1
        async with self._reading() as connection:
            return max(1, await leases.count_serving(connection))

    async def claim_shards(self, count: int, total: int) -> Sequence[int]:
        """Claim `count` of Discord's shards that no other process serves, or none if fewer are free."""
        await self._renew_lease()
        async with self._transaction() as connection:
            return await shards.claim(connection, count, total, owner=self._worker)

    async def held_shards(self, total: int) -> set[int]:
        async with self._reading() as connection:
            return await shards.owned_by(connection, self._worker, total)

    async def read_value(self, name: str) -> str | None:
        async with self._reading() as connection:
            return await key_values.read(connection, name)

    async def write_value(self, name: str, text: str) -> None:
        async with self._transaction() as connection:
            await key_values.write(connection, name, text)

    async def swap_value(self, name: str, text: str) -> str | None:
        """Write a text and return the former one."""
        async with self._transaction() as connection:
            return await key_values.swap(connection, name, text)

    async def probe_write(self) -> None:
        """Raise `StoreUnavailable` if the database cannot be written to."""
        await self.write_value("room", "x" * _PROBE_BYTES)
        await self.write_value("room", "")

    async def ping(self) -> None:
        """Raise unless the database answers."""
        async with self._reading() as connection:
            await connection.execute(sa.select(1))

    def lease_left(self) -> float | None:
        """Seconds until other processes may adopt this one's jobs, or None on SQLite without any others."""
        return None if self._lease is None else self._lease.until - self._clock.now()

    def unreadable_jobs(self) -> int:
        """Number of open jobs that nobody runs, because a newer version of the bot wrote them."""
        return self._takeover.unreadable

    async def discrepancies(self) -> list[str]:
        """Every discrepancy in the ledger, which should have none."""
        async with self._transaction() as connection:
            return await discrepancies(connection)

    async def _insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self._writer.write(InsertRows(table, rows))

    async def _is_credited(self, receipt: str) -> bool:
        async with self._reading() as connection:
            return await queries.is_credited(connection, receipt)

    async def _renew_lease(self, *, serves: bool = False) -> None:
        """Renew the lease, without which others would take over at once what this process claims."""
        if self._lease is not None:
            with translated_errors():
                await self._lease.renew(serves=serves)

    async def _take_lease(self, stack: AsyncExitStack) -> WorkerLease:
        lease = WorkerLease(
            open_database(self._address, connections=1),
            worker=self._worker,
            clock=self._clock,
            seconds=self._lease_seconds,
        )
        stack.push_async_callback(lease.close)
        await lease.start()
        return lease

    async def _transact(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        context = WriteContext(worker=self._worker, now=self._clock.now(), start=self._start)
        with self._commit(len(changes)):
            return await self._database.run_transaction(partial(apply, changes=changes, context=context))
