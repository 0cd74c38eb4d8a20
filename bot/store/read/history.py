"""Past jobs of a member or a server, page by page from the newest on."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from bot.jobs.delivery import Delivery
from bot.jobs.history import PastJob
from bot.jobs.job import Reason, State
from bot.moderation.approvals import Verdict
from bot.store.connection import Connection, Transaction
from bot.store.tables import approvals, jobs, payer, takedowns
from bot.store.write.jobs import reason_of_takedown

_COLUMNS = tuple(jobs.c[field.name] for field in fields(PastJob))
_CHOSEN = sa.select(*_COLUMNS, approvals.c.verdict, takedowns.c.actor.label("down_by")).select_from(
    jobs.outerjoin(approvals, approvals.c.job_id == jobs.c.id).outerjoin(
        takedowns, takedowns.c.job_id == jobs.c.id
    )
)
_REFUNDED = {Verdict.REJECTED: Reason.REJECTED, Verdict.LAPSED: Reason.LAPSED}
_DIGITS = 23


class SqlJobHistory:
    """Past jobs, read from the table of jobs."""

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading

    async def of_member(
        self, user_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[PastJob]:
        chosen = _CHOSEN.where(jobs.c.user_id == user_id)
        return await self._fetch_page(chosen, before, after, limit)

    async def last_of_member(self, user_id: int, slug: str | None) -> str | None:
        chosen = sa.select(jobs.c.id).where(jobs.c.user_id == user_id)
        if slug is not None:
            chosen = chosen.where(jobs.c.slug == slug)
        async with self._reading() as connection:
            found = await connection.execute(chosen.order_by(jobs.c.id.desc()).limit(1))
        return found.scalar_one_or_none()

    async def of_server(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[PastJob]:
        chosen = _CHOSEN.where(jobs.c.guild_id == guild_id, payer == guild_id)
        return await self._fetch_page(chosen, before, after, limit)

    async def _fetch_page(
        self,
        chosen: sa.Select[*tuple[object, ...]],
        before: int | None,
        after: int | None,
        limit: int,
    ) -> Sequence[PastJob]:
        async with self._reading() as connection:
            rows = await page_of_jobs(connection, chosen, before=before, after=after, limit=limit)
        return [_past_job(row) for row in rows]


async def page_of_jobs(
    connection: Connection,
    chosen: sa.Select[*tuple[Any, ...]],
    *,
    before: int | None,
    after: int | None,
    limit: int,
) -> Sequence[sa.RowMapping]:
    """Rows of jobs, newest first: the newest ones, or those next to the job `before` or `after`."""
    if before is not None:
        chosen = chosen.where(jobs.c.id < _job_id(before))
    order = jobs.c.id.desc()
    if after is not None:
        chosen, order = chosen.where(jobs.c.id > _job_id(after)), jobs.c.id.asc()
    rows = (await connection.execute(chosen.order_by(order).limit(limit))).mappings().all()
    return rows if after is None else rows[::-1]


def _job_id(number: int) -> str:
    return f"{number:0{_DIGITS}x}"


def _past_job(row: sa.RowMapping) -> PastJob:
    facts: dict[str, Any] = dict(row)
    verdict, down_by = facts.pop("verdict"), facts.pop("down_by")
    state, reason = State(facts["state"]), facts["reason"]
    if state is State.DONE:
        if facts["delivery"] == Delivery.AWAITED:
            reason = Reason.AWAITED
        elif down_by is not None:
            reason = reason_of_takedown(down_by)
        # A rejected result is taken down, too.
        reason = _REFUNDED.get(verdict, reason)
    facts |= {
        "state": state,
        "reason": None if reason is None else Reason(reason),
        "hidden": bool(facts["hidden"]),
    }
    return PastJob(**facts)
