"""Decisions about the changes of one transaction: each is accepted, or answered with its error."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.jobs.job import Job, State
from bot.jobs.ports import StaleJob
from bot.ledger.account import Allocation, Balance, NotEnoughCredits, payer_of
from bot.ledger.budgets import Budget, CapReached, grants_of
from bot.ledger.events import EventOver
from bot.ledger.ledger import AuditEntry, GiftLimitReached
from bot.ledger.policy import MemberTerms
from bot.store.write.budgets import Cost, LockedBudgets
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
from bot.store.write.jobs import LockedJob
from bot.store.write.ledger import LedgerTransaction


class Planner:
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
        budget = grants_budget(change, self._now)
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


def grants_budget(change: Grant | Adjust, now: float) -> Budget | None:
    guild_id = payer_of(change.account)
    return None if change.monthly is None or guild_id is None else grants_of(guild_id, now)
