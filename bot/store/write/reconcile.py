"""Jobs that were released because Segmind did not seem to have them, and that turned up there later."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.jobs.job import Job, Reason, State
from bot.ledger.account import payer_of
from bot.ledger.budgets import Scope, budgets_of
from bot.store.connection import Connection
from bot.store.tables import jobs
from bot.store.write import budgets
from bot.store.write.jobs import job_from_row

_NEVER_FOUND = sa.or_(
    sa.and_(
        jobs.c.state == State.FAILED,
        jobs.c.reason == Reason.NOT_FOUND,
        jobs.c.request_id.is_(None),
        jobs.c.nonce != "",
    ),
    # Segmind accepted these, and may have charged for them after it stopped to answer about them.
    sa.and_(jobs.c.state == State.EXPIRED, jobs.c.request_id.is_not(None), jobs.c.cost.is_(None)),
)


async def never_found(connection: Connection, since: float) -> Sequence[Job]:
    chosen = sa.select(jobs).where(_NEVER_FOUND, jobs.c.settled_at >= since).order_by(jobs.c.settled_at)
    return [job_from_row(row) for row in (await connection.execute(chosen)).mappings()]


async def found(connection: Connection, job: Job, request_id: str, cost: float) -> bool:
    """Record a late job's cost in the operator's budget, once even if several processes find it."""
    updated = await connection.execute(
        jobs.update()
        .where(jobs.c.id == job.id, _NEVER_FOUND)
        .values(request_id=request_id, cost=cost)
        .returning(jobs.c.id)
    )
    if updated.one_or_none() is None:
        return False
    payer = payer_of(job.account)
    operator = [each for each in budgets_of(payer, job.created_at) if each.scope is Scope.OPERATOR]
    locked = await budgets.lock(connection, operator)
    locked.correct(payer, job.created_at, expected=0.0, cost=cost)
    await locked.write(connection)
    return True
