"""Deliverer: shows members how their jobs ended, and refunds results that nobody may see."""

from dataclasses import replace

import structlog

from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job
from bot.jobs.ports import JobPorts, StaleJob
from bot.ledger.ledger import AlreadyRefunded, AuditEntry, Ledger

log = structlog.stdlib.get_logger(__name__)

# Age in seconds of the settlement from which ownership is confirmed before the delivery.
CONFIRM_AFTER = 5.0


class Deliverer:
    """Delivers settled jobs through the watcher."""

    def __init__(self, ports: JobPorts, ledger: Ledger, *, retry_delay: float) -> None:
        self._store = ports.store
        self._watcher = ports.watcher
        self._clock = ports.clock
        self._ledger = ledger
        self._retry_delay = retry_delay

    async def deliver(self, job: Job, content: bytes | None) -> Delivery:
        """Show the end of a settled job; raise `StaleJob` where another process may have done so."""
        await self._confirm(job)
        while isinstance(outcome := await self._watcher.finish(job, content), Refund):
            # The refund comes first: the card says that it was made, and no failing Discord delays it. A
            # crash from here on leaves the job open, so the next start finds the refund made, and shows it.
            await self._refund(job, outcome)
            job, content = replace(job, reason=outcome.reason, output=None), None
        return outcome

    async def show_lost(self, job: Job) -> None:
        """Show the end of a job that the database no longer has."""
        await self._watcher.finish(job, None)

    async def _confirm(self, job: Job) -> None:
        """Make sure that the job is still this process's: after a suspension, moderators may have decided."""
        age = self._clock.now() - (job.settled_at or 0.0)
        if 0 <= age <= CONFIRM_AFTER or await self._store.owns(job.id):
            return
        await self._clock.sleep(self._retry_delay)
        raise StaleJob(job.id)

    async def _refund(self, job: Job, refund: Refund) -> None:
        """Refund the job once. The server's spending stays as it is, because Segmind was paid."""
        if not job.price:
            return
        facts = {"job": job.id, "member": job.place.user_id, "amount": job.price}
        audit_entry = AuditEntry(refund.decided_by, "refund", facts, guild_id=job.place.guild_id)
        try:
            await self._ledger.adjust(job.account, job.price, "", audit_entry, job_id=job.id)
        except AlreadyRefunded:
            log.info("job was already refunded")
