"""Audit of the ledger: finds every discrepancy and describes it in a sentence."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.jobs.job import State
from bot.ledger.account import EntryKind
from bot.ledger.budgets import MICROS, Scope
from bot.store.connection import Connection
from bot.store.dialects import is_postgres
from bot.store.tables import accounts, budgets, entries, jobs, payer

_SETTLEMENTS = (EntryKind.CAPTURE, EntryKind.RELEASE)
_SETTLED = tuple(state for state in State if state.settled)
# A gift has an entry in the account of the giver and in that of the receiver.
_BOTH = 2
_without_result = jobs.c.state.in_([state for state in _SETTLED if state is not State.DONE])


@dataclass(frozen=True, slots=True)
class AuditedRows:
    """Number of rows that an audit reads."""

    accounts: int
    entries: int
    jobs: int


async def count_rows(connection: Connection) -> AuditedRows:
    counts = [sa.select(sa.func.count()).select_from(table) for table in (accounts, entries, jobs)]
    found = await connection.execute(sa.select(*(count.scalar_subquery() for count in counts)))
    return AuditedRows(*found.one())


async def discrepancies(connection: Connection) -> list[str]:
    """Sentences about everything that does not add up; an intact ledger has none."""
    if is_postgres(connection):
        # All checks have to see the same moment, while other processes go on writing.
        await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    sentences: list[str] = []
    for wording, check in _CHECKS:
        sentences += [wording.format(**row) for row in (await connection.execute(check)).mappings()]
    return sorted(sentences)


def _whole(amount: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # Postgres sums BIGINT as NUMERIC, and a sum of nothing is NULL.
    return sa.cast(sa.func.coalesce(amount, 0), sa.BigInteger)


_hold = entries.alias("hold")
_settlement = entries.alias("settlement")
_is_settlement = _settlement.c.kind.in_(_SETTLEMENTS)
_open_holds = (
    sa.select(_hold.c.account, _hold.c.job_id, (-_hold.c.amount).label("amount"))
    .where(
        _hold.c.kind == EntryKind.HOLD,
        ~sa.exists().where(_settlement.c.job_id == _hold.c.job_id, _is_settlement),
    )
    .cte("open_holds")
)


def _sums(amount: sa.ColumnElement[int]) -> sa.Subquery:
    return (
        sa.select(entries.c.account, sa.func.sum(amount).label("total"))
        .group_by(entries.c.account)
        .subquery()
    )


_held = sa.select(_open_holds.c.account, sa.func.sum(_open_holds.c.amount).label("total")).group_by(
    _open_holds.c.account
)


def _differs(column: sa.Column[int], totals: sa.Subquery) -> sa.Select[str, int, int]:
    total = _whole(totals.c.total)
    return (
        sa.select(accounts.c.id, column.label("kept"), total.label("total"))
        .outerjoin_from(accounts, totals, totals.c.account == accounts.c.id)
        .where(column != total)
    )


_in_period = sa.and_(jobs.c.created_at >= budgets.c.since, jobs.c.created_at < budgets.c.until)
_paid = sa.case(
    (jobs.c.state == State.DONE, sa.func.coalesce(jobs.c.cost, jobs.c.expected)),
    # Segmind may charge for a job without a result.
    (_without_result, sa.func.coalesce(jobs.c.cost, 0.0)),
    else_=jobs.c.expected,
)


def _miscounted(
    scope: Scope, amount: sa.ColumnElement[int], *conditions: sa.ColumnElement[bool]
) -> sa.Select[str, int, int]:
    """Budgets whose stored sum differs from that of their jobs."""
    total = _whole(
        sa.select(sa.func.sum(amount)).where(_in_period, *conditions).correlate(budgets).scalar_subquery()
    )
    return sa.select(budgets.c.id, budgets.c.spent, total.label("total")).where(
        budgets.c.scope == scope, budgets.c.spent != total
    )


def _jobs_where(*conditions: sa.ColumnElement[bool]) -> sa.Select[str, str]:
    return sa.select(jobs.c.id, jobs.c.state).where(*conditions)


def _has(kind: EntryKind) -> sa.ColumnElement[bool]:
    return sa.exists().where(_settlement.c.job_id == jobs.c.id, _settlement.c.kind == kind)


_CHECKS = (
    (
        "account {id} keeps {kept} granted, its entries make {total}",
        _differs(accounts.c.granted, _sums(entries.c.amount - entries.c.of_allowance)),
    ),
    (
        "account {id} keeps {kept} of its allowance, its entries make {total}",
        _differs(accounts.c.allowance, _sums(entries.c.of_allowance)),
    ),
    (
        "account {id} keeps {kept} held, its open holds make {total}",
        _differs(accounts.c.held, _held.subquery()),
    ),
    (
        "a hold of {amount} on account {account} belongs to no job: {job_id}",
        sa.select(_open_holds).where(~sa.exists().where(jobs.c.id == _open_holds.c.job_id)),
    ),
    (
        "job {id} of {price} has no hold of that amount on its account",
        sa.select(jobs.c.id, jobs.c.price).where(
            ~sa.exists().where(
                _hold.c.job_id == jobs.c.id,
                _hold.c.kind == EntryKind.HOLD,
                _hold.c.account == jobs.c.account,
                _hold.c.amount == -jobs.c.price,
                _hold.c.of_allowance == -jobs.c.from_allowance,
            )
        ),
    ),
    (
        "job {id} is {state} and was never captured",
        _jobs_where(jobs.c.state == State.DONE, ~_has(EntryKind.CAPTURE)),
    ),
    (
        "job {id} is {state} and was never released",
        _jobs_where(_without_result, ~_has(EntryKind.RELEASE)),
    ),
    (
        "job {id} is {state} and was settled already",
        _jobs_where(jobs.c.state.not_in(_SETTLED), _has(EntryKind.CAPTURE) | _has(EntryKind.RELEASE)),
    ),
    (
        "job {job_id} was settled {times} times",
        sa.select(_settlement.c.job_id, sa.func.count().label("times"))
        .where(_is_settlement)
        .group_by(_settlement.c.job_id)
        .having(sa.func.count() > 1),
    ),
    (
        "job {job_id} was released with {amount} instead of {held}",
        sa.select(_settlement.c.job_id, _settlement.c.amount, (-_hold.c.amount).label("held"))
        .join_from(_settlement, _hold, _hold.c.job_id == _settlement.c.job_id)
        .where(
            _settlement.c.kind == EntryKind.RELEASE,
            _hold.c.kind == EntryKind.HOLD,
            (_settlement.c.amount != -_hold.c.amount) | (_settlement.c.of_allowance != -_hold.c.of_allowance),
        ),
    ),
    (
        "gift {gift} has {entries} entries, which make {amount} instead of 0",
        sa.select(
            entries.c.gift,
            sa.func.count().label("entries"),
            _whole(sa.func.sum(entries.c.amount)).label("amount"),
        )
        .where(entries.c.gift.is_not(None))
        .group_by(entries.c.gift)
        .having((sa.func.count() != _BOTH) | (sa.func.sum(entries.c.amount) != 0)),
    ),
    (
        "budget {id} counts {spent}, its jobs make {total}",
        _miscounted(Scope.SERVER, jobs.c.price, payer == budgets.c.guild_id, ~_without_result),
    ),
    (
        "budget {id} counts {spent}, its jobs make {total}",
        _miscounted(Scope.OPERATOR, sa.cast(sa.func.round(_paid * MICROS), sa.BigInteger)),
    ),
)
