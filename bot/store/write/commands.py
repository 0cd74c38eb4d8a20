"""What can be asked of the store, and how a batch of it becomes one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.jobs.job import Job, State
from bot.jobs.ports import AtCapacity, Capacity, StaleJob
from bot.ledger.account import Allocation, Balance, NotEnoughCredits, payer_of
from bot.ledger.budgets import Budget, CapReached, budgets_of
from bot.ledger.ledger import AuditEntry
from bot.ledger.policy import MemberTerms
from bot.store.connection import Connection
from bot.store.dialects import insert_into, is_postgres
from bot.store.write import budgets, jobs, servers
from bot.store.write import ledger as ledgers
from bot.store.write.budgets import Cost, LockedBudgets
from bot.store.write.in_flight import InFlight, count_in_flight
from bot.store.write.jobs import LockedJob
from bot.store.write.ledger import LedgerTransaction


@dataclass(frozen=True, slots=True)
class Open:
    job: Job
    terms: MemberTerms


@dataclass(frozen=True, slots=True)
class Move:
    job: Job
    to: Job
    capacity: Capacity | None = None
    """Where several processes submit, the one that the job has to find a place in."""

    @property
    def settles(self) -> bool:
        return self.to.state.settled and not self.job.state.settled


@dataclass(frozen=True, slots=True)
class Grant:
    """Credits that never expire."""

    account: str
    amount: int
    why: str
    audit_entry: AuditEntry
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Adjust:
    """Credits taken away, where the amount is negative, or given back for a job that was paid."""

    account: str
    amount: int
    why: str
    audit_entry: AuditEntry
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class InsertRows:
    """Rows beside the jobs, each written once: one that is there already stays as it is."""

    table: sa.Table
    rows: Sequence[Mapping[str, Any]]


Change = Open | Move | Grant | Adjust | InsertRows
Outcome = Balance | Exception | None
"""What the asker gets; an exception is a refusal of this one change, with nothing of it written."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """Who writes, when, and with how many credits a new account starts."""

    worker: str
    now: float
    start: int


async def apply(connection: Connection, changes: Sequence[Change], writing: WriteContext) -> list[Outcome]:
    """Decide about every change in the order of asking, then write what was accepted in a few statements.

    No two changes may be about the same job.
    """
    # Rows are locked first, jobs before accounts before budgets everywhere: what is decided stays true
    # until the commit, and no two processes wait for each other.
    in_flight = await _crowd(connection, changes)
    claims = await jobs.lock(connection, [change.job.id for change in changes if isinstance(change, Move)])
    ledger = await ledgers.lock(
        connection, _accounts_of(changes, claims), start=writing.start, at=writing.now
    )
    tallies = await budgets.lock(connection, _budgets_of(changes, claims))
    judge = _Planner(claims, ledger, tallies, in_flight, writing.worker)
    outcomes = [judge.decide(change) for change in changes]
    moved = [
        (change.job, change.to)
        for change, outcome in zip(changes, outcomes, strict=True)
        if isinstance(change, Move) and not isinstance(outcome, Exception)
    ]
    await ledger.write(connection)
    await tallies.write(connection)
    await jobs.insert(connection, judge.opened, owner=writing.worker)
    await jobs.move(connection, moved, owner=writing.worker)
    await servers.record(connection, judge.audit_entries, at=writing.now)
    for change in changes:
        if isinstance(change, InsertRows):
            await connection.execute(
                insert_into(connection, change.table).on_conflict_do_nothing(), change.rows
            )
    return outcomes


def _accounts_of(changes: Sequence[Change], claims: Mapping[str, LockedJob]) -> set[str]:
    wanted: set[str] = set()
    for change in changes:
        match change:
            case Open(job):
                wanted.add(job.account)
            case Move(job):
                if change.settles and job.id in claims:
                    wanted.add(claims[job.id].account)
            case Grant(account) | Adjust(account):
                wanted.add(account)
            case InsertRows():
                pass
    return wanted


def _budgets_of(changes: Sequence[Change], claims: Mapping[str, LockedJob]) -> set[Budget]:
    wanted: set[Budget] = set()
    for change in changes:
        match change:
            case Open(job):
                wanted.update(budgets_of(payer_of(job.account), job.created_at))
            case Move(job) if change.settles and job.id in claims:
                claim = claims[job.id]
                wanted.update(budgets_of(payer_of(claim.account), claim.created_at))
            case _:
                pass
    return wanted


async def _crowd(connection: Connection, changes: Sequence[Change]) -> InFlight | None:
    """Who is at Segmind now, where that matters: a process alone keeps its own count."""
    if not is_postgres(connection):
        return None
    if not any(isinstance(change, Move) and change.capacity is not None for change in changes):
        return None
    return await count_in_flight(connection)


class _Planner:
    """Decides about the changes of one transaction, one after the other."""

    def __init__(
        self,
        claims: Mapping[str, LockedJob],
        ledger: LedgerTransaction,
        tallies: LockedBudgets,
        in_flight: InFlight | None,
        worker: str,
    ) -> None:
        self.opened: list[tuple[Job, Allocation]] = []
        self.audit_entries: list[AuditEntry] = []
        self._claims = claims
        self._ledger = ledger
        self._tallies = tallies
        self._crowd = in_flight
        self._worker = worker

    def decide(self, change: Change) -> Outcome:
        try:
            match change:
                case Open(job, terms):
                    return self._open(job, terms)
                case Move():
                    return self._move(change)
                case Grant() | Adjust():
                    return self._give(change)
                case InsertRows():
                    return None
        except (NotEnoughCredits, CapReached) as refusal:
            return refusal

    def _open(self, job: Job, terms: MemberTerms) -> None:
        split = self._ledger.allocate(job.account, job.price, terms.allowance)
        cost = Cost(job.price, job.expected)
        self._tallies.add(payer_of(job.account), job.created_at, cost, terms.caps)
        self._ledger.hold(job.account, split, job_id=job.id)
        self.opened.append((job, split))

    def _give(self, change: Grant | Adjust) -> Balance:
        account, amount, actor, why = change.account, change.amount, change.audit_entry.actor, change.why
        match change:
            case Grant(receipt=receipt):
                balance = self._ledger.grant(account, amount, actor=actor, why=why, receipt=receipt)
            case Adjust(job_id=job_id):
                balance = self._ledger.adjust(account, amount, actor=actor, why=why, job_id=job_id)
        self.audit_entries.append(change.audit_entry)
        return balance

    def _move(self, change: Move) -> StaleJob | AtCapacity | None:
        job, to = change.job, change.to
        claim = self._claims.get(job.id)
        if claim is None or not claim.matches(job, owner=self._worker):
            return StaleJob(job.id)
        if (
            self._crowd is not None
            and change.capacity is not None
            and not self._crowd.try_add(claim, change.capacity)
        ):
            return AtCapacity(job.id)
        if not change.settles:
            return None
        payer = payer_of(claim.account)
        if to.state is State.DONE:
            self._ledger.capture(claim.account, claim.allocation, job_id=job.id)
            if to.cost is not None:
                self._tallies.correct(payer, claim.created_at, expected=claim.expected, cost=to.cost)
        else:
            self._ledger.release(claim.account, claim.allocation, job_id=job.id)
            cost = Cost(claim.allocation.price, claim.expected)
            self._tallies.remove(payer, claim.created_at, cost)
            if to.cost is not None:
                # Segmind made a result, and is paid for it although nobody could fetch it.
                self._tallies.correct(payer, claim.created_at, expected=0.0, cost=to.cost)
        return None
