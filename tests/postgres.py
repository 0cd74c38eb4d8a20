"""A real Postgres of the tests' own, from a wheel: up in half a second, reached by a socket alone."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store.engine import database_of, open_engine
from bot.store.schema import bring_up_to_date
from bot.store.tables import METADATA


async def migrate(url: str) -> None:
    engine = open_engine(database_of(url))
    await bring_up_to_date(engine)
    await engine.dispose()


class Postgres:
    """A server of the tests' own, and the databases on it."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

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

    async def empty(self) -> None:
        """The tables as they are after a first start: faster by far than a database per test."""
        async with connected(self.url("doppel")) as connection:
            # Else the ledger's trigger would refuse.
            await connection.exec_driver_sql("SET session_replication_role = replica")
            await connection.exec_driver_sql(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY")


@asynccontextmanager
async def connected(url: str, isolation: IsolationLevel = "AUTOCOMMIT") -> AsyncGenerator[AsyncConnection]:
    """A connection past the store."""
    engine = create_async_engine(database_of(url), isolation_level=isolation, poolclass=sa.NullPool)
    async with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        yield connection
