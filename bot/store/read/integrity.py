"""Check of the ledger: finds every discrepancy and describes it in a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.jobs.job import State
from bot.ledger.account import EntryKind
from bot.ledger.allowance import DAY
from bot.ledger.budgets import MICROS, Scope, month_of
from bot.store.connection import Connection
from bot.store.dialects import floor, is_postgres
from bot.store.tables import OPEN, WITHOUT_RESULT, accounts, budgets, entries, events, jobs, payer
from bot.store.tables.columns import INTEGER

_SETTLED = tuple(state for state in State if state.settled)
# A gift has an entry in the account of the giver and in that of the receiver.
_BOTH = 2


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Number of rows that a check of the ledger covers."""

    accounts: int
    entries: int
    jobs: int


async def count_rows(connection: Connection) -> CheckedRows:
    counts = [sa.select(sa.func.count()).select_from(table) for table in (accounts, entries, jobs)]
    found = await connection.execute(sa.select(*(count.scalar_subquery() for count in counts)))
    return CheckedRows(*found.one())


async def discrepancies(connection: Connection, since: float | None = None) -> list[str]:
    """Sentences about everything that does not add up; an intact ledger has none.

    With `since`, only jobs and budgets that may have changed since then are read, but still every account.
    That takes a fraction of the time.
    """
    if is_postgres(connection):
        # All checks have to see the same moment, while other processes go on writing.
        await connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    sentences: set[str] = set()
    for wording, check in _checks(connection, since):
        sentences.update(wording.format(**row) for row in (await connection.execute(check)).mappings())
    for row in await connection.execute(_contradicted_jobs(since)):
        sentences.update(_contradictions(row))
    return sorted(sentences)


def _checks(connection: Connection, since: float | None) -> Iterator[tuple[str, sa.Executable]]:
    yield "account {id} has {kept} {what}, but its entries add up to {total}", _miskept
    yield "account {id} has {kept} {what}, but its open jobs hold {total}", _misheld
    yield "gift {gift} has {entries} entries, which add up to {amount} instead of 0", _torn_gifts
    yield "budget {id} counts {spent}, but its jobs add up to {total}", _miscounted_budgets(connection, since)
    yield "event {id} may pay {cap} credits, but its jobs add up to {total}", _overdrawn_events
    yield "job {id} has a subsidy of {subsidy} credits, but its server has no such event", _unpaid_jobs(since)
    if since is None:
        yield "a hold of {amount} on account {account} belongs to no job: {job_id}", _orphaned_holds


def _whole(amount: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # Postgres sums BIGINT as NUMERIC, and a sum of nothing is NULL.
    return sa.cast(sa.func.coalesce(amount, 0), sa.BigInteger)


def _differs(what: str, kept: sa.Column[int], sums: sa.CTE, column: str) -> sa.Select[*tuple[Any, ...]]:
    """Accounts that keep another amount than the sum of their rows."""
    total = _whole(sums.c[column])
    return (
        sa.select(accounts.c.id, sa.literal(what).label("what"), kept.label("kept"), total.label("total"))
        .outerjoin_from(accounts, sums, sums.c.account == accounts.c.id)
        .where(kept != total)
    )


_sums = (
    sa.select(
        entries.c.account,
        sa.func.sum(entries.c.amount - entries.c.of_allowance).label("granted"),
        sa.func.sum(entries.c.of_allowance).label("allowance"),
    )
    .group_by(entries.c.account)
    .cte("sums")
)
# One statement, so that the entries are read only once.
_miskept = sa.union_all(
    _differs("granted", accounts.c.granted, _sums, "granted"),
    _differs("of its allowance", accounts.c.allowance, _sums, "allowance"),
)
_held = (
    sa.select(jobs.c.account, sa.func.sum(jobs.c.price).label("held"))
    .where(OPEN, jobs.c.state.not_in(_SETTLED))
    .group_by(jobs.c.account)
    .cte("held")
)
_misheld = _differs("held", accounts.c.held, _held, "held")

_torn_gifts = (
    sa.select(
        entries.c.gift,
        sa.func.count().label("entries"),
        _whole(sa.func.sum(entries.c.amount)).label("amount"),
    )
    .where(entries.c.gift.is_not(None))
    .group_by(entries.c.gift)
    .having((sa.func.count() != _BOTH) | (sa.func.sum(entries.c.amount) != 0))
)

_hold, _settlement = entries.alias("hold"), entries.alias("settlement")
_is_hold = _hold.c.kind == EntryKind.HOLD
_is_settlement = _settlement.c.kind.in_((EntryKind.CAPTURE, EntryKind.RELEASE))
_orphaned_holds = sa.select(_hold.c.account, _hold.c.job_id, (-_hold.c.amount).label("amount")).where(
    _is_hold,
    ~sa.exists().where(jobs.c.id == _hold.c.job_id),
    ~sa.exists().where(_settlement.c.job_id == _hold.c.job_id, _is_settlement),
)

_has_hold = sa.func.coalesce(
    (_hold.c.account == jobs.c.account)
    & (_hold.c.amount == -jobs.c.price)
    & (_hold.c.of_allowance == -jobs.c.from_allowance),
    sa.false(),
)
_due = sa.case(
    (jobs.c.state == State.DONE, EntryKind.CAPTURE.value), (WITHOUT_RESULT, EntryKind.RELEASE.value)
)
_is_misreleased = sa.func.coalesce(
    (_settlement.c.kind == EntryKind.RELEASE)
    & ((_settlement.c.amount != jobs.c.price) | (_settlement.c.of_allowance != jobs.c.from_allowance)),
    sa.false(),
)


def _contradicted_jobs(since: float | None) -> sa.Select[*tuple[Any, ...]]:
    """Jobs whose hold does not fit their price, or whose settlement does not fit their state."""
    found = (
        sa.select(jobs.c.id, jobs.c.state, jobs.c.price, _settlement.c.kind, _settlement.c.amount)
        .add_columns(_due.label("due"), _has_hold.label("has_hold"), _is_misreleased.label("is_misreleased"))
        .outerjoin_from(jobs, _hold, (_hold.c.job_id == jobs.c.id) & _is_hold)
        .outerjoin(_settlement, (_settlement.c.job_id == jobs.c.id) & _is_settlement)
        .where(~_has_hold | _settlement.c.kind.is_distinct_from(_due) | _is_misreleased)
    )
    return found if since is None else found.where(sa.or_(OPEN, jobs.c.settled_at >= since))


def _contradictions(job: sa.Row[*tuple[Any, ...]]) -> Iterator[str]:
    if not job.has_hold:
        yield f"job {job.id} of {job.price} has no hold of that amount on its account"
    if job.kind is None and job.due is not None:
        yield f"job {job.id} is {job.state} and was never {job.due}d"
    elif job.due is None and job.kind is not None:
        yield f"job {job.id} is {job.state} and was settled already"
    elif job.kind != job.due:
        yield f"job {job.id} is {job.state} and was {job.kind}d"
    if job.is_misreleased:
        yield f"job {job.id} was released with {job.amount} instead of {job.price}"


_paid = sa.case(
    (jobs.c.state == State.DONE, sa.func.coalesce(jobs.c.cost, jobs.c.expected)),
    # Segmind may charge for a job without a result.
    (WITHOUT_RESULT, sa.func.coalesce(jobs.c.cost, 0.0)),
    else_=jobs.c.expected,
)


_event_paid = _whole(sa.func.sum(jobs.c.subsidy))
_overdrawn_events = (
    sa.select(events.c.id, events.c.cap, _event_paid.label("total"))
    .join_from(events, jobs, (jobs.c.event == events.c.id) & ~WITHOUT_RESULT)
    .group_by(events.c.id, events.c.cap)
    .having(_event_paid > events.c.cap)
)


def _unpaid_jobs(since: float | None) -> sa.Select[str, int]:
    """Jobs with a subsidy that no event of their server pays; with `since`, only those that name an event."""
    of_event = (events.c.id == jobs.c.event) & (events.c.guild_id == payer) & (jobs.c.subsidy > 0)
    named = jobs.c.event.is_not(None)
    return sa.select(jobs.c.id, jobs.c.subsidy).where(
        named if since is not None else named | (jobs.c.subsidy != 0), ~sa.exists().where(of_event)
    )


def _miscounted_budgets(connection: Connection, since: float | None) -> sa.CompoundSelect[str, int, int]:
    """Budgets whose stored sum differs from that of their jobs."""
    # Both kinds of budgets take whole days, so one pass over the jobs is enough for all.
    day = floor(jobs.c.created_at / DAY, connection)
    by_day = sa.select(
        # SQLite joins by a temporary index only if it knows the type.
        sa.cast(payer, INTEGER).label("guild_id"),
        day.label("day"),
        sa.func.sum(sa.case((WITHOUT_RESULT, 0), else_=jobs.c.price + jobs.c.subsidy)).label("credits"),
        sa.func.sum(sa.cast(sa.func.round(_paid * MICROS), sa.BigInteger)).label("micros"),
    ).group_by(sa.literal_column("1"), sa.literal_column("2"))
    if since is not None:
        by_day = by_day.where(jobs.c.created_at >= month_of(since)[0])
    days = by_day.cte("days")

    def miscounted(
        scope: Scope, amount: sa.ColumnElement[int], includes: sa.ColumnElement[bool]
    ) -> sa.Select[str, int, int]:
        total = _whole(sa.func.sum(amount))
        return (
            sa.select(budgets.c.id, budgets.c.spent, total.label("total"))
            .outerjoin_from(budgets, days, includes)
            .where(budgets.c.scope == scope, sa.true() if since is None else budgets.c.until > since)
            .group_by(budgets.c.id, budgets.c.spent)
            .having(budgets.c.spent != total)
        )

    first, end = (floor(edge / DAY, connection) for edge in (budgets.c.since, budgets.c.until))
    in_month = (days.c.guild_id == budgets.c.guild_id) & days.c.day.between(first, end - 1)
    return sa.union_all(
        miscounted(Scope.SERVER, days.c.credits, in_month),
        miscounted(Scope.OPERATOR, days.c.micros, days.c.day == first),
    )
