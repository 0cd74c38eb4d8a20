"""The transaction that applies a batch of changes."""

from collections.abc import Iterator, Mapping, Sequence

from bot.jobs.job import Job
from bot.ledger.account import payer_of
from bot.ledger.budgets import Budget, budgets_of, grants_of
from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.write import audit_log, budgets, events, jobs
from bot.store.write import ledger as ledgers
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
from bot.store.write.planner import Planner, grants_budget


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
    planner = Planner(locked, ledger, locked_budgets, events_left, context)
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
            case Grant() | Adjust() if (budget := grants_budget(change, now)) is not None:
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
