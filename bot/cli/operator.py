"""What an operator does from a terminal beside a running bot: `doppel pause`, `resume` and `forgive`.

Each raises `StoreError` where there is no database.
"""

from datetime import UTC, datetime

from bot.administration.audit import AuditAction
from bot.clock import Clock
from bot.jobs.supervision.pause import pause as pause_all
from bot.jobs.supervision.pause import paused_since
from bot.jobs.supervision.pause import resume as resume_all
from bot.ledger.ledger import OPERATOR, AuditEntry
from bot.settings import Settings
from bot.wiring.factories import operator_connection


async def pause(settings: Settings, clock: Clock) -> datetime:
    """The switch of the operator's page; since when."""
    async with operator_connection(settings, clock, writing=True) as visitor:
        return datetime.fromtimestamp(await pause_all(visitor, clock.now()), UTC)


async def resume(settings: Settings, clock: Clock) -> bool:
    """Whether anything was paused."""
    async with operator_connection(settings, clock, writing=True) as visitor:
        since = await paused_since(visitor)
        await resume_all(visitor)
    return since is not None


async def forgive(job_id: str, settings: Settings, clock: Clock) -> int:
    """What was refused in all servers may come again; how many fingerprints were taken off the list."""
    async with operator_connection(settings, clock, writing=True) as visitor:
        return await visitor.forgive(job_id, AuditEntry(OPERATOR, AuditAction.AGAIN, {"job": job_id}))
