"""What tests of several rooms need."""

import logging
from collections.abc import Generator

import pytest
import structlog

from tests.postgres import NoPostgres, Postgres, server


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
