"""Approvals as rows: moderators decide each once, which opens its job again."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.clock import Clock
from bot.jobs.job import Job
from bot.ledger.ledger import AuditEntry
from bot.moderation.approvals import Approval, Ruling, UnknownApproval, Verdict
from bot.store.connection import Connection, Transaction
from bot.store.dialects import insert_into
from bot.store.tables import approvals, jobs
from bot.store.write import audit_log
from bot.store.write.jobs import job_from_row

_COLUMNS = (
    approvals.c.job_id, approvals.c.guild_id, approvals.c.asked_at, approvals.c.lapses_at,
    approvals.c.verdict, approvals.c.decided_by, approvals.c.channel_id, approvals.c.message_id,
)  # fmt: skip


class SqlApprovals:
    """Approvals in the database; a job that a decision opens again belongs to this worker."""

    def __init__(self, transaction: Transaction, reading: Transaction, clock: Clock, *, worker: str) -> None:
        self._transaction = transaction
        self._reading = reading
        self._clock = clock
        self._worker = worker

    async def ask(self, job_id: str, guild_id: int, lapses_at: float) -> Approval:
        row = {"job_id": job_id, "guild_id": guild_id, "asked_at": self._clock.now(), "lapses_at": lapses_at}
        async with self._transaction() as connection:
            new = insert_into(connection, approvals).values(**row, verdict=Verdict.WAITING, decided_by=0)
            await connection.execute(new.on_conflict_do_nothing())
            return await _fetch(connection, job_id)

    async def find(self, job_id: str) -> Approval | None:
        found = await self._select(approvals.c.job_id == job_id)
        return found[0] if found else None

    async def record_card(self, job_id: str, channel_id: int, message_id: int) -> None:
        card = {"channel_id": channel_id, "message_id": message_id}
        async with self._transaction() as connection:
            await connection.execute(approvals.update().where(approvals.c.job_id == job_id).values(**card))

    async def decide(
        self, job_id: str, verdict: Verdict, actor: int, audit_entry: AuditEntry | None
    ) -> Ruling:
        facts = {"verdict": verdict, "decided_by": actor, "decided_at": self._clock.now()}
        waiting = sa.and_(approvals.c.job_id == job_id, approvals.c.verdict == Verdict.WAITING)
        async with self._transaction() as connection:
            # Every transaction locks jobs before approvals, so that no two wait for each other.
            locking = sa.select(jobs.c.id).where(jobs.c.id == job_id).with_for_update()
            await connection.execute(locking)
            deciding = approvals.update().where(waiting).values(facts).returning(approvals.c.job_id)
            is_new = (await connection.execute(deciding)).one_or_none() is not None
            approval = await _fetch(connection, job_id)
            if not is_new:
                return Ruling(approval, await self._unfinished(connection, job_id), is_new)
            if audit_entry is not None:
                await audit_log.record(connection, [audit_entry], at=self._clock.now())
            # The job is open again, so another worker adopts it if this one is killed.
            opening = jobs.update().where(jobs.c.id == job_id)
            opening = opening.values(told=False, owner=self._worker, epoch=jobs.c.epoch + 1)
            row = (await connection.execute(opening.returning(jobs))).mappings().one()
            return Ruling(approval, job_from_row(row), is_new)

    async def waiting(self) -> Sequence[Approval]:
        # While its job is open, the delivery itself asks the moderators.
        told = approvals.c.job_id.in_(sa.select(jobs.c.id).where(jobs.c.told))
        return await self._select((approvals.c.verdict == Verdict.WAITING) & told)

    async def overdue(self, now: float) -> Sequence[Approval]:
        return await self._select((approvals.c.verdict == Verdict.WAITING) & (approvals.c.lapses_at <= now))

    async def withdrawn(self) -> Sequence[Approval]:
        return await self._select(approvals.c.verdict == Verdict.WITHDRAWN)

    async def drop(self, job_id: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(approvals.delete().where(approvals.c.job_id == job_id))

    async def waiting_in(self, guild_id: int) -> int:
        waiting = (approvals.c.verdict == Verdict.WAITING) & (approvals.c.guild_id == guild_id)
        async with self._reading() as connection:
            counted = await connection.execute(
                sa.select(sa.func.count()).select_from(approvals).where(waiting)
            )
            return int(counted.scalar_one())

    async def _select(self, condition: sa.ColumnElement[bool]) -> Sequence[Approval]:
        chosen = sa.select(*_COLUMNS).where(condition).order_by(approvals.c.asked_at)
        async with self._reading() as connection:
            return [_approval(row) for row in (await connection.execute(chosen)).mappings()]

    async def _unfinished(self, connection: Connection, job_id: str) -> Job | None:
        """The job, if this process opened it again and has not closed it yet."""
        open_here = (jobs.c.id == job_id) & (jobs.c.owner == self._worker) & sa.not_(jobs.c.told)
        row = (await connection.execute(sa.select(jobs).where(open_here))).mappings().one_or_none()
        return None if row is None else job_from_row(row)


async def _fetch(connection: Connection, job_id: str) -> Approval:
    chosen = sa.select(*_COLUMNS).where(approvals.c.job_id == job_id)
    row = (await connection.execute(chosen)).mappings().one_or_none()
    if row is None:
        raise UnknownApproval(job_id)
    return _approval(row)


def _approval(row: sa.RowMapping) -> Approval:
    facts: dict[str, Any] = dict(row)
    facts["verdict"] = Verdict(facts["verdict"])
    return Approval(**facts)
