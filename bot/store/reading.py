"""What people read in the books: an account's history, and what was spent on what."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.credits.account import Entry
from bot.credits.allowance import DAY
from bot.credits.books import Line, Spending
from bot.jobs.job import State
from bot.store.tables import WHOLE, entries, jobs


async def history(
    connection: AsyncConnection, account: str, *, before: int | None, limit: int
) -> Sequence[Line]:
    chosen = (
        sa.select(
            entries.c.id,
            entries.c.kind,
            entries.c.amount,
            entries.c.at,
            entries.c.job_id,
            jobs.c.slug,
            entries.c.actor,
            entries.c.why,
        )
        .outerjoin_from(entries, jobs, jobs.c.id == entries.c.job_id)
        .where(entries.c.account == account)
    )
    if before is not None:
        chosen = chosen.where(entries.c.id < before)
    rows = await connection.execute(chosen.order_by(entries.c.id.desc()).limit(limit))
    return [_line(dict(row)) for row in rows.mappings()]


def _line(row: dict[str, Any]) -> Line:
    row["kind"] = Entry(row["kind"])
    return Line(**row)


async def spending(
    connection: AsyncConnection, *, since: float, until: float, guild_id: int | None
) -> Sequence[Spending]:
    day = _day(connection).label("day")
    back = sa.select(sa.func.sum(entries.c.amount)).where(
        entries.c.job_id == jobs.c.id, entries.c.kind == Entry.ADJUST
    )
    chosen = (
        sa.select(
            day,
            jobs.c.slug,
            jobs.c.guild_id,
            sa.func.count().label("jobs"),
            _sum(jobs.c.price).label("credits"),
            sa.func.coalesce(sa.func.sum(jobs.c.cost), 0.0).label("usd"),
            (sa.func.count() - sa.func.count(jobs.c.cost)).label("unknown"),
            _sum(sa.func.coalesce(back.scalar_subquery(), 0)).label("refunded"),
        )
        .where(jobs.c.state == State.DONE, jobs.c.created_at >= since, jobs.c.created_at < until)
        .group_by(day, jobs.c.slug, jobs.c.guild_id)
        .order_by(day, jobs.c.slug, jobs.c.guild_id)
    )
    if guild_id is not None:
        chosen = chosen.where(jobs.c.guild_id == guild_id)
    rows = await connection.execute(chosen)
    return [Spending(**{**row, "day": row["day"] * DAY}) for row in rows.mappings()]


def _sum(amount: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    # Postgres sums BIGINT as NUMERIC.
    return sa.cast(sa.func.sum(amount), sa.BigInteger)


def _day(connection: AsyncConnection) -> sa.ColumnElement[int]:
    days = jobs.c.created_at / DAY
    # SQLite's cast cuts off, Postgres's rounds.
    return sa.cast(sa.func.floor(days) if connection.dialect.name == "postgresql" else days, WHOLE)
