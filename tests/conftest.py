"""What tests of several rooms need."""

import gc
import logging
from collections.abc import Generator

import pytest
import structlog

from tests.postgres import NoPostgres, Postgres, server

# Each takes many seconds, in which it mostly waits: one that began last would keep a core idle.
LONG = {"browser", "chaos"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests; among these, and among all others, the order stays as chance has it."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, none of which ends before the run does."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logging_as_before() -> Generator[None]:
    """A test that starts the program leaves a log behind that writes to the captured output of that test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = [handler for handler in root.handlers if handler in handlers]
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    try:
        with server() as running:
            yield running
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
async def postgres_url(postgres: Postgres) -> str:
    await postgres.empty()
    return postgres.url("doppel")
