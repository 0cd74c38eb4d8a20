"""Stores on both kinds of databases, and connections that bypass them."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import SqlStore
from tests.postgres import Postgres, connected
from tests.store.orders import START, HandClock


@pytest.fixture
async def altered(postgres: Postgres) -> AsyncGenerator[None]:
    """Restore the tables after a test that alters them; request it before anything that connects."""
    yield
    await postgres.drop("doppel")
    await postgres.build()


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
