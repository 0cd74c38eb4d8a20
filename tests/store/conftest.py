"""Databases for each test: a copy of a migrated SQLite file, and an empty Postgres database."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import SqlStore
from tests.postgres import Postgres, connected, migrate
from tests.store.orders import START, HandClock


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "doppel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
async def altered(postgres: Postgres) -> AsyncGenerator[None]:
    """Restore the tables after a test that alters them; request it before anything that connects."""
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
    """Transaction of another client, which can keep the store's writer waiting."""
    async with connected(postgres_url, "READ COMMITTED") as connection:
        yield connection
