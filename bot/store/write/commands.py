"""Changes that callers ask of the store, and the transaction that applies a batch of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.jobs.job import Job, State
from bot.jobs.ports import StaleJob
from bot.ledger.account import Allocation, Balance, NotEnoughCredits, payer_of
from bot.ledger.budgets import Budget, CapReached, budgets_of, grants_of
from bot.ledger.events import EventOver
from bot.ledger.ledger import AuditEntry, GiftLimitReached
from bot.ledger.policy import MemberTerms
from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.write import audit_log, budgets, events, jobs
from bot.store.write import ledger as ledgers
from bot.store.write.budgets import Cost, LockedBudgets
from bot.store.write.jobs import LockedJob
from bot.store.write.ledger import LedgerTransaction


@dataclass(frozen=True, slots=True)
class Open:
    """Insert the jobs of one account, hold the price of each, and count them in their budgets."""

    jobs: Sequence[Job]
    terms: MemberTerms


@dataclass(frozen=True, slots=True)
class Move:
    """Replace a job by its next state, and settle its hold if that state is settled."""

    job: Job
    to: Job

    @property
    def settles(self) -> bool:
        return self.to.state.settled and not self.job.state.settled


@dataclass(frozen=True, slots=True)
class Grant:
    """Add credits that never expire."""

    account: str
    amount: int
    why: str
    audit_entry: AuditEntry
    receipt: str | None = None
    monthly: int | None = None
    """Most that the administrators of the server give away in a month, if the change counts towards it."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """Take credits if the amount is negative, or refund those of a job."""

    account: str
    amount: int
    why: str
    audit_entry: AuditEntry
    job_id: str | None = None
    monthly: int | None = None


@dataclass(frozen=True, slots=True)
class Gift:
    """Move granted credits from one account to another, at most so many a day."""

    id: str
    giver: str
    receiver: str
    amount: int
    daily: int
    audit_entry: AuditEntry


@dataclass(frozen=True, slots=True)
class InsertRows:
    """Insert rows, and leave those as they are that exist already."""

    table: sa.Table
    rows: Sequence[Mapping[str, Any]]


Change = Open | Move | Grant | Adjust | Gift | InsertRows
Outcome = Balance | Exception | None
"""Answer to a caller; an exception says that nothing of this one change was written."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """The worker that writes, the time, and the credits that a new account starts with."""

    worker: str
    now: float
    start: int


async def apply(connection: Connection, changes: Sequence[Change], context: WriteContext) -> list[Outcome]:
    """Decide about every change in order, then write all accepted ones in a few statements.

    No two changes may be about the same job.
    """
    # Every process locks jobs before accounts before budgets. So a decision stays true until the commit, and
    # no two processes wait for each other.
    locked = await jobs.lock(connection, [change.job.id for change in changes if isinstance(change, Move)])
    ledger = await ledgers.lock(
        connection, _accounts_of(changes, locked), start=context.start, at=context.now
    )
    givers_and_receivers = {
        account
        for change in changes
        if isinstance(change, Gift)
        for account in (change.giver, change.receiver)
    }
    await ledgers.load_gifts(connection, ledger, givers_and_receivers)
    locked_budgets = await budgets.lock(connection, _budgets_of(changes, locked, context.now))
    paying = {
        event
        for change in changes
        if isinstance(change, Open) and (event := change.jobs[0].event) is not None
    }
    events_left = await events.lock(connection, paying, at=context.now)
    planner = _Planner(locked, ledger, locked_budgets, events_left, context)
    outcomes = [planner.decide(change) for change in changes]
    moved = [
        (change.job, change.to)
        for change, outcome in zip(changes, outcomes, strict=True)
        if isinstance(change, Move) and not isinstance(outcome, Exception)
    ]
    await ledger.write(connection)
    await locked_budgets.write(connection)
    await jobs.insert(connection, planner.opened, owner=context.worker)
    await jobs.move(connection, moved, owner=context.worker)
    await audit_log.record(connection, planner.audit_entries, at=context.now)
    for change in changes:
        if isinstance(change, InsertRows):
            await connection.execute(
                insert_into(connection, change.table).on_conflict_do_nothing(), change.rows
            )
    return outcomes


def _accounts_of(changes: Sequence[Change], locked: Mapping[str, LockedJob]) -> set[str]:
    wanted: set[str] = set()
    for change in changes:
        match change:
            case Open(opened):
                wanted.update(job.account for job in opened)
            case Move(job):
                if change.settles and job.id in locked:
                    wanted.add(locked[job.id].account)
            case Grant(account) | Adjust(account):
                wanted.add(account)
            case Gift(giver=giver, receiver=receiver):
                wanted.update((giver, receiver))
            case InsertRows():
                pass
    return wanted


def _budgets_of(changes: Sequence[Change], locked: Mapping[str, LockedJob], now: float) -> set[Budget]:
    wanted: set[Budget] = set()
    for change in changes:
        match change:
            case Open(opened):
                for job in opened:
                    wanted.update(_budgets_of_job(job))
            case Move(job) if change.settles and job.id in locked:
                wanted.update(_budgets_of_job(locked[job.id]))
            case Grant() | Adjust() if (budget := _grants_budget(change, now)) is not None:
                wanted.add(budget)
            case _:
                pass
    return wanted


def _budgets_of_job(job: Job | LockedJob) -> Iterator[Budget]:
    payer = payer_of(job.account)
    yield from budgets_of(payer, job.created_at)
    if job.subsidy and payer is not None:
        # Administrators give away what an event pays.
        yield grants_of(payer, job.created_at)


def _grants_budget(change: Grant | Adjust, now: float) -> Budget | None:
    guild_id = payer_of(change.account)
    return None if change.monthly is None or guild_id is None else grants_of(guild_id, now)


class _Planner:
    """Decides about the changes of one transaction, one after the other."""

    def __init__(
        self,
        locked: Mapping[str, LockedJob],
        ledger: LedgerTransaction,
        locked_budgets: LockedBudgets,
        events_left: Counter[int],
        context: WriteContext,
    ) -> None:
        self.opened: list[tuple[Job, Allocation]] = []
        self.audit_entries: list[AuditEntry] = []
        self._locked = locked
        self._ledger = ledger
        self._budgets = locked_budgets
        self._events_left = events_left
        self._worker = context.worker
        self._now = context.now

    def decide(self, change: Change) -> Outcome:
        try:
            match change:
                case Open(opened, terms):
                    return self._open(opened, terms)
                case Move():
                    return self._move(change)
                case Grant() | Adjust():
                    return self._give(change)
                case Gift():
                    return self._gift(change)
                case InsertRows():
                    return None
        except (NotEnoughCredits, CapReached, GiftLimitReached, EventOver) as error:
            return error

    def _open(self, opened: Sequence[Job], terms: MemberTerms) -> None:
        first = opened[0]
        # The sum is checked before anything is held, so that all of the jobs are opened or none.
        self._ledger.allocate(first.account, sum(job.price for job in opened), terms.allowance)
        costs = [Cost(job.price + job.subsidy, job.expected) for job in opened]
        subsidy = self._check_subsidy(opened, terms)
        payer = payer_of(first.account)
        self._budgets.add(payer, first.created_at, costs, terms.caps)
        if subsidy and first.event is not None and payer is not None:
            self._events_left[first.event] -= subsidy
            self._budgets.change(grants_of(payer, first.created_at), subsidy)
        for job in opened:
            allocation = self._ledger.allocate(job.account, job.price, terms.allowance)
            self._ledger.hold(job.account, allocation, job_id=job.id)
            self.opened.append((job, allocation))

    def _check_subsidy(self, opened: Sequence[Job], terms: MemberTerms) -> int:
        """Return what the server pays on top of the prices, or raise `EventOver` if it is too much."""
        first, subsidy = opened[0], sum(job.subsidy for job in opened)
        payer = payer_of(first.account)
        if not subsidy:
            return 0
        if first.event is None or payer is None or subsidy > self._events_left[first.event]:
            raise EventOver
        try:
            self._budgets.check(grants_of(payer, first.created_at), subsidy, terms.caps.grants)
        except CapReached:
            raise EventOver from None
        return subsidy

    def _give(self, change: Grant | Adjust) -> Balance:
        account, amount, actor, why = change.account, change.amount, change.audit_entry.actor, change.why
        budget = _grants_budget(change, self._now)
        if budget is not None:
            self._budgets.check(budget, amount, change.monthly)
        match change:
            case Grant(receipt=receipt):
                balance = self._ledger.grant(account, amount, actor=actor, why=why, receipt=receipt)
            case Adjust(job_id=job_id):
                balance = self._ledger.adjust(account, amount, actor=actor, why=why, job_id=job_id)
        if budget is not None:
            self._budgets.change(budget, amount)
        self.audit_entries.append(change.audit_entry)
        return balance

    def _gift(self, change: Gift) -> Balance:
        balance = self._ledger.gift(
            change.giver,
            change.receiver,
            change.amount,
            gift_id=change.id,
            actor=change.audit_entry.actor,
            daily=change.daily,
        )
        self.audit_entries.append(change.audit_entry)
        return balance

    def _move(self, change: Move) -> StaleJob | None:
        job = change.job
        stored = self._locked.get(job.id)
        if stored is None or not stored.matches(job, owner=self._worker):
            return StaleJob(job.id)
        if change.settles:
            self._settle(stored, change.to)
        return None

    def _settle(self, stored: LockedJob, to: Job) -> None:
        payer, expected = payer_of(stored.account), stored.expected
        if to.state is State.DONE:
            self._ledger.capture(stored.account, stored.allocation, job_id=to.id)
        else:
            self._ledger.release(stored.account, stored.allocation, job_id=to.id)
            price = stored.allocation.price + stored.subsidy
            self._budgets.remove(payer, stored.created_at, Cost(price, expected))
            if stored.subsidy and payer is not None:
                self._budgets.change(grants_of(payer, stored.created_at), -stored.subsidy)
            expected = 0.0
        # Segmind may charge for a job without a result, for example one whose result could not be fetched.
        if to.cost is not None:
            self._budgets.correct(payer, stored.created_at, expected=expected, cost=to.cost)
