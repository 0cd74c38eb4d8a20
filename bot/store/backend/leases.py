"""Who owns the jobs: on SQLite whoever holds the lock file, on Postgres every worker whose lease is fresh."""

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
    """Prove that no other process has this database open, for as long as the lock is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # One program may close the store on another thread than it opened it on.
    lock = FileLock(f"{path}.lock", thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise DatabaseInUse(path) from error
    return lock


class WorkerLease:
    """One row per worker, not per job: renewal costs the same however many jobs are open."""

    def __init__(self, database: Database, *, worker: str, clock: Clock, seconds: float) -> None:
        # A connection of its own: renewal must never wait behind the writer, or others adopt our jobs.
        self._database = database
        self._worker = worker
        self._clock = clock
        self._seconds = seconds
        self._task: asyncio.Task[None] | None = None
        self.until = 0.0

    async def start(self) -> None:
        await self.renew()
        self._task = asyncio.create_task(self._keep(), name="store lease")

    async def renew(self) -> None:
        until = self._clock.now() + self._seconds
        ours = insert(workers).values(id=self._worker, lease_until=until)
        async with self._database.begin() as connection:
            await connection.execute(
                ours.on_conflict_do_update(index_elements=["id"], set_={"lease_until": until})
            )
        self.until = until

    async def close(self) -> None:
        """Give the lease back, so that the others need not wait for its end."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(SQLAlchemyError, OSError):
            async with self._database.begin() as connection:
                await connection.execute(workers.delete().where(workers.c.id == self._worker))
        await self._database.dispose()

    async def _keep(self) -> None:
        while True:
            await self._clock.sleep(self._seconds / 3)
            try:
                await self.renew()
            except (SQLAlchemyError, OSError) as error:
                # Not fatal: whoever adopts our jobs meanwhile bumps their epoch, and our moves are refused.
                log.warning("the lease was not renewed", reason=type(error).__name__)
