"""Ownership of jobs: by a lock file on SQLite, by a lease per worker on Postgres."""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog
from filelock import FileLock, Timeout
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.ports import Clock
from bot.store.connection import Database
from bot.store.errors import DatabaseInUse
from bot.store.tables import workers

log = structlog.stdlib.get_logger(__name__)


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
        self.until = 0.0

    async def start(self) -> None:
        await self.renew()
        self._task = asyncio.create_task(self._keep_renewing(), name="store lease")

    async def renew(self) -> None:
        until = self._clock.now() + self._seconds
        row = insert(workers).values(id=self._worker, lease_until=until)
        async with self._database.begin() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["id"], set_={"lease_until": until})
            )
        self.until = until

    async def close(self) -> None:
        """Give up the lease, so that other workers can adopt the jobs at once."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(SQLAlchemyError, OSError):
            async with self._database.begin() as connection:
                await connection.execute(workers.delete().where(workers.c.id == self._worker))
        await self._database.dispose()

    async def _keep_renewing(self) -> None:
        while True:
            await self._clock.sleep(self._seconds / 3)
            try:
                await self.renew()
            except (SQLAlchemyError, OSError) as error:
                # This is safe: a worker that adopts our jobs raises their epoch, which makes our moves stale.
                log.warning("lease renewal failed", reason=type(error).__name__)
