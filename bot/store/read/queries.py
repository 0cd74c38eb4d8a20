"""Lists read from the ledger: entries, audit entries, a server's jobs, and spending."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from bot.administration.credits import JobSummary
from bot.jobs.job import Reason, State
from bot.ledger.account import EntryKind, owner_of
from bot.ledger.allowance import DAY
from bot.ledger.ledger import AuditEntry, LedgerLine, Spending
from bot.store.connection import Connection
from bot.store.dialects import floor
from bot.store.tables import audit_entries as recorded
from bot.store.tables import entries, jobs, payer


@dataclass(frozen=True, slots=True)
class Page:
    """Page of a long list that begins with the newest row."""

    before: int | None
    after: int | None
    limit: int

    async def read(
        self, connection: Connection, rows: sa.Select[*tuple[Any, ...]], number: sa.Column[int]
    ) -> Sequence[sa.RowMapping]:
        if self.before is not None:
            rows = rows.where(number < self.before)
        if self.after is not None:
            next_newer = await connection.execute(
                rows.where(number > self.after).order_by(number).limit(self.limit)
            )
            return next_newer.mappings().all()[::-1]
        newest = await connection.execute(rows.order_by(number.desc()).limit(self.limit))
        return newest.mappings().all()


_end, _refund = entries.alias("end"), entries.alias("refund")
_other = entries.alias("other")
# Each of these belongs to a job, and is shown on the line of its hold.
_ENDS = (EntryKind.CAPTURE, EntryKind.RELEASE)
_of_hold = (entries.c.kind == EntryKind.ADJUST) & entries.c.job_id.is_not(None)


async def history(connection: Connection, account: str, page: Page) -> Sequence[LedgerLine]:
    is_refund = sa.and_(
        entries.c.kind == EntryKind.HOLD,
        _refund.c.job_id == entries.c.job_id,
        _refund.c.kind == EntryKind.ADJUST,
    )
    is_end = sa.and_(
        entries.c.kind == EntryKind.HOLD, _end.c.job_id == entries.c.job_id, _end.c.kind.in_(_ENDS)
    )
    chosen = (
        sa.select(
            entries.c.id,
            entries.c.kind,
            entries.c.amount,
            entries.c.at,
            entries.c.job_id,
            jobs.c.slug,
            sa.func.coalesce(_refund.c.kind, _end.c.kind).label("ended"),
            sa.func.coalesce(_refund.c.actor, entries.c.actor).label("actor"),
            sa.func.coalesce(_refund.c.why, entries.c.why).label("why"),
            _other.c.account.label("gift_of"),
        )
        .outerjoin_from(entries, jobs, jobs.c.id == entries.c.job_id)
        .outerjoin(_end, is_end)
        .outerjoin(_refund, is_refund)
        .outerjoin(_other, (_other.c.gift == entries.c.gift) & (_other.c.id != entries.c.id))
        .where(entries.c.account == account, entries.c.kind.not_in(_ENDS), ~_of_hold)
    )
    return [_ledger_line(dict(row)) for row in await page.read(connection, chosen, entries.c.id)]


def _ledger_line(row: dict[str, Any]) -> LedgerLine:
    row["kind"] = EntryKind(row["kind"])
    row["ended"] = None if row["ended"] is None else EntryKind(row["ended"])
    row["gift_of"] = None if row["gift_of"] is None else owner_of(row["gift_of"])
    return LedgerLine(**row)


async def audit_entries(connection: Connection, guild_id: int | None, page: Page) -> Sequence[AuditEntry]:
    """Audit entries of one server, or those of the operator if there is no server."""
    columns = [column for column in recorded.c if column is not recorded.c.deed]
    chosen = sa.select(*columns, recorded.c.deed.label("action")).where(
        recorded.c.guild_id.is_not_distinct_from(guild_id)
    )
    return [AuditEntry(**row) for row in await page.read(connection, chosen, recorded.c.id)]


async def jobs_of(connection: Connection, guild_id: int, *, limit: int) -> Sequence[JobSummary]:
    """Newest jobs that the server pays for; a server without the bot pays for none."""
    chosen = (
        sa.select(*(jobs.c[field.name] for field in fields(JobSummary)))
        .where(jobs.c.guild_id == guild_id, payer == guild_id)
        .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
        .limit(limit)
    )
    return [_job_summary(dict(row)) for row in (await connection.execute(chosen)).mappings()]


def _job_summary(row: dict[str, Any]) -> JobSummary:
    row["state"] = State(row["state"])
    return JobSummary(**row)


async def is_credited(connection: Connection, receipt: str) -> bool:
    found = await connection.execute(sa.select(entries.c.id).where(entries.c.receipt == receipt))
    return found.one_or_none() is not None


async def spending(
    connection: Connection, *, since: float, until: float, guild_id: int | None
) -> Sequence[Spending]:
    day = _day(connection).label("day")
    refunded = sa.select(sa.func.sum(entries.c.amount)).where(
        entries.c.job_id == jobs.c.id, entries.c.kind == EntryKind.ADJUST
    )
    charged = jobs.c.state == State.DONE
    cost_unknown = sa.and_(charged, jobs.c.cost.is_(None))
    released = sa.or_(jobs.c.reason == Reason.NOT_FOUND, jobs.c.state == State.EXPIRED)
    chosen = (
        sa.select(
            day,
            jobs.c.slug,
            payer.label("guild_id"),
            sa.func.count().label("jobs"),
            _sum(sa.case((charged, jobs.c.price + jobs.c.subsidy), else_=0)).label("credits"),
            sa.func.coalesce(sa.func.sum(jobs.c.cost), 0.0).label("usd"),
            _sum(sa.case((cost_unknown, 1), else_=0)).label("unknown"),
            _sum(sa.func.coalesce(refunded.scalar_subquery(), 0)).label("refunded"),
            sa.func.coalesce(sa.func.sum(sa.case((cost_unknown, jobs.c.expected))), 0.0).label("presumed"),
            _sum(sa.case((released, 1), else_=0)).label("late"),
        )
        # Segmind also charges for a result that the bot could not fetch.
        .where(charged | (jobs.c.cost > 0), jobs.c.created_at >= since, jobs.c.created_at < until)
        .group_by(day, jobs.c.slug, payer)
        .order_by(day, jobs.c.slug, payer)
    )
    if guild_id is not None:
        chosen = chosen.where(jobs.c.guild_id == guild_id, payer == guild_id)
    rows = await connection.execute(chosen)
    return [Spending(**{**row, "day": row["day"] * DAY}) for row in rows.mappings()]


def _sum(amount: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # Postgres sums BIGINT as NUMERIC.
    return sa.cast(sa.func.sum(amount), sa.BigInteger)


def _day(connection: Connection) -> sa.ColumnElement[int]:
    return floor(jobs.c.created_at / DAY, connection)
