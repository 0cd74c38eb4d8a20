"""Fixtures and hooks for all tests."""

import asyncio
import gc
import logging
import os
import shutil
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog

from bot.cli.gc_tuning import relax_gc
from tests import statements
from tests.discord.forks import fork_media_workers
from tests.postgres import NoPostgres, Postgres, migrate, server

# These mostly wait. If one started last, a core would be idle for many seconds.
LONG = {"browser", "chaos"}


def pytest_configure() -> None:
    """Prepare the process before anything imports numpy."""
    # A shell that starts the tests in the background makes programs ignore SIGINT.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # As in the media workers: several threads multiply small matrices no faster, and keep all cores busy.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # As the bot itself: with Python's defaults, a tenth of all tests is spent in the garbage collector.
    relax_gc()
    log_plainly()
    statements.share()
    fork_media_workers()


def log_plainly() -> None:
    """Log tracebacks without colours and local variables, which take longer than what is tested."""
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            *structlog.get_config()["processors"][:-1],
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the long tests, and keep the random order among these and among all others."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from traversing thousands of tests, which all live until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def restore_logging() -> Generator[None]:
    """Restore logging, because a program started by a test logs to that test's captured output."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = [handler for handler in root.handlers if handler in handlers]
    root.setLevel(level)
    log_plainly()
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


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "doppel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "doppel.db")
    return f"sqlite:///{tmp_path / 'doppel.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(f"{request.param}_url")
