"""Takeover: a worker adopts the open jobs of workers whose lease ran out, a slice at a time."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.job import State
from bot.jobs.ports import OpenJob
from bot.store.connection import Connection, Transaction
from bot.store.dialects import any_values, is_postgres, matches_any
from bot.store.tables import LIVE, OPEN, jobs, workers
from bot.store.write.jobs import StoredJob, job_from_row

log = structlog.stdlib.get_logger(__name__)

SLICE = 100
"""Jobs that one transaction adopts: so few that reading them does not hold the event loop up."""

# Jobs that Segmind may have come first, because they use capacity before any waiting job may.
_PHASES = (jobs.c.state != State.HELD, jobs.c.state == State.HELD)


class Takeover:
    """Adopts jobs for one worker, and leaves alone what this version cannot read."""

    def __init__(self, transaction: Transaction, reading: Transaction, *, owner: str) -> None:
        self._transaction = transaction
        self._reading = reading
        self._owner = owner
        self._unreadable: set[str] = set()

    @property
    def unreadable(self) -> int:
        """Number of open jobs without a living owner that this version could not read at the last pass."""
        return len(self._unreadable)

    async def adopt(self) -> AsyncGenerator[Sequence[StoredJob]]:
        """Adopt the open jobs of workers whose lease ran out, or of all others if there are no leases."""
        unreadable: set[str] = set()
        # Mostly there is nothing to adopt, and a transaction on SQLite would hold up the writer to find out.
        for phase in _PHASES if await self._has_orphans() else ():
            last: OpenJob | None = None
            while True:
                async with self._transaction() as connection:
                    orphans = await self._lock(connection, phase, last)
                    readable = await self._read(connection, orphans)
                    await self._own(connection, readable)
                unreadable |= {job.id for job in orphans} - {job.id for job in readable}
                if readable:
                    yield readable
                if len(orphans) < SLICE:
                    break
                last = orphans[-1]
        self._unreadable = unreadable

    async def _has_orphans(self) -> bool:
        async with self._reading() as connection:
            return bool((await connection.execute(self._orphans(connection).limit(1))).all())

    def _orphans(self, connection: Connection) -> sa.Select[float, str]:
        chosen = sa.select(jobs.c.created_at, jobs.c.id).where(OPEN, jobs.c.owner != self._owner)
        if is_postgres(connection):
            chosen = chosen.where(jobs.c.owner.not_in(sa.select(workers.c.id).where(LIVE)))
        return chosen

    async def _lock(
        self, connection: Connection, phase: sa.ColumnElement[bool], last: OpenJob | None
    ) -> Sequence[OpenJob]:
        chosen = self._orphans(connection).where(phase)
        if last is not None:
            chosen = chosen.where(sa.tuple_(jobs.c.created_at, jobs.c.id) > sa.tuple_(*last))
        chosen = chosen.order_by(jobs.c.created_at, jobs.c.id).limit(SLICE).with_for_update(skip_locked=True)
        return [OpenJob(*row) for row in await connection.execute(chosen)]

    async def _read(self, connection: Connection, orphans: Sequence[OpenJob]) -> Sequence[StoredJob]:
        if not orphans:
            return ()
        try:
            return await _read(connection, orphans)
        except SQLAlchemyError:
            raise
        except Exception:  # noqa: BLE001 - one row that cannot be read must not keep the others from it.
            found: list[StoredJob] = []
            for orphan in orphans:
                found += await self._read_one(connection, orphan)
            return found

    async def _read_one(self, connection: Connection, orphan: OpenJob) -> Sequence[StoredJob]:
        try:
            return await _read(connection, [orphan])
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - nobody knows what a newer version writes.
            if orphan.id not in self._unreadable:
                # Remembered at once, as a pass may break off. The error's text could quote the row.
                self._unreadable.add(orphan.id)
                log.error(  # noqa: TRY400 - the traceback could quote it, too.
                    "open job could not be read", job=orphan.id, error=type(error).__name__
                )
            return ()

    async def _own(self, connection: Connection, adopted: Sequence[StoredJob]) -> None:
        if adopted:
            owning = jobs.update().where(matches_any(jobs.c.id, connection.dialect.name))
            # A waiting job gives its slot back, because it starts again in this worker's queue.
            owning = owning.values(owner=self._owner, epoch=jobs.c.epoch + 1, slot_since=None, has_slot=False)
            await connection.execute(owning, any_values([job.id for job in adopted], connection))


async def _read(connection: Connection, orphans: Sequence[OpenJob]) -> Sequence[StoredJob]:
    """Read jobs as they are after their adoption, in the order of their creation."""
    chosen = sa.select(jobs).where(matches_any(jobs.c.id, connection.dialect.name))
    chosen = chosen.order_by(jobs.c.created_at, jobs.c.id)
    rows = await connection.execute(chosen, any_values([orphan.id for orphan in orphans], connection))
    return [replace(job, epoch=job.epoch + 1) for job in map(job_from_row, rows.mappings())]
