"""Ownership of jobs: by a lock file on SQLite, by a lease per worker on Postgres."""

import asyncio
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
import structlog
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.ports import Clock
from bot.store.connection import Connection, Database
from bot.store.dialects import insert_into
from bot.store.errors import DatabaseInUse
from bot.store.tables import LIVE, POSTGRES_TIME, workers
from bot.tasks import cancel

log = structlog.stdlib.get_logger(__name__)

# Parts of the lease. After a renewal that hangs, one more fits in before the lease runs out.
_RENEWAL_INTERVAL, _RENEWAL_TIMEOUT, _RETRY_INTERVAL = 1 / 3, 1 / 4, 1 / 10


def lock_file(path: Path) -> FileLock:
    """Lock a SQLite file, or raise `DatabaseInUse` if another process has it open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A program may close the store on another thread than it opened it on.
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise DatabaseInUse(path) from error
    return lock


class WorkerLease:
    """This worker's lease on all its jobs, so that renewal costs the same however many jobs are open."""

    def __init__(self, database: Database, *, worker: str, clock: Clock, seconds: float) -> None:
        # The lease has its own connection: if renewal waited behind the writer, others would adopt our jobs.
        self._database = database
        self._worker = worker
        self._clock = clock
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None
        self._serves = False
        self.until = 0.0
        """When the lease runs out, by this process's own clock."""

    async def start(self) -> None:
        await self._write()
        self._task = asyncio.create_task(self._keep_renewing(), name="store lease")

    async def renew(self, *, serves: bool = False) -> None:
        """Renew the lease, or raise `TimeoutError`; a worker that `serves` does so from then on."""
        self._serves |= serves
        # A connection that hangs must not keep the next attempt from being made in time.
        async with asyncio.timeout(self._seconds * _RENEWAL_TIMEOUT):
            await self._write()

    async def _write(self) -> None:
        # Counted from before the request, so that this process never thinks the lease longer than it is.
        until = self._clock.now() + self._seconds
        async with self._database.begin() as connection:
            row = insert_into(connection, workers).values(
                id=self._worker, lease_until=POSTGRES_TIME + self._seconds, serves=self._serves
            )
            renewed = {"lease_until": row.excluded.lease_until, "serves": row.excluded.serves}
            await connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=renewed))
        self.until = until

    async def close(self) -> None:
        """Give up the lease, so that other workers can adopt the jobs at once."""
        await cancel(self._task)
        with suppress(SQLAlchemyError, OSError):
            async with self._database.begin() as connection:
                await connection.execute(workers.delete().where(workers.c.id == self._worker))
        await self._database.dispose()

    async def _keep_renewing(self) -> None:
        pause = _RENEWAL_INTERVAL
        while True:
            await self._clock.sleep(self._seconds * pause)
            try:
                await self.renew()
                pause = _RENEWAL_INTERVAL
            except Exception as error:  # noqa: BLE001 - without this task, others would adopt every job.
                # This is safe: a worker that adopts our jobs raises their epoch, which makes our moves stale.
                log.warning("lease renewal failed", reason=type(error).__name__)
                pause = _RETRY_INTERVAL


async def count_serving(connection: Connection) -> int:
    """Number of workers with a valid lease that do not stand by."""
    counted = sa.select(sa.func.count()).select_from(workers).where(LIVE, workers.c.serves)
    return (await connection.execute(counted)).scalar_one()


async def forget_dead_workers(connection: Connection) -> None:
    """Delete the rows of workers whose lease ran out, which own nothing any more."""
    await connection.execute(workers.delete().where(sa.not_(LIVE)))
