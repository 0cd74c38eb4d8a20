"""Opens the database: a SQLite file that survives a power cut, or Postgres."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event

from bot.store.backend.postgres import PostgresDatabase
from bot.store.backend.sqlite import READERS, SqliteDatabase
from bot.store.connection import Database

_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

_PRAGMAS = (
    "journal_mode=WAL",
    # NORMAL may lose the last commits on a power cut, and with them the record that a request was sent.
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
)
_READING = ("busy_timeout=30000", "query_only=ON")


# Parameters are tokens and members' pictures, which have no place in an error's text.
_DISCREET = {"hide_parameters": True}


def parse_url(url: str) -> sa.URL:
    """The address with the driver that this program uses."""
    address = sa.make_url(url)
    if address.drivername not in _DRIVERS:
        raise ValueError(f"{address.drivername} is neither sqlite nor postgresql")
    return address.set(drivername=_DRIVERS[address.drivername])


def sqlite_path(address: sa.URL) -> Path | None:
    """The SQLite file; none on Postgres."""
    if address.get_backend_name() != "sqlite":
        return None
    if address.database in {None, "", ":memory:"}:
        raise ValueError("jobs must survive a restart: a file is needed, not SQLite's memory")
    return Path(str(address.database)).resolve()


def open_database(address: sa.URL, *, connections: int = 4) -> Database:
    """Connects lazily."""
    path = sqlite_path(address)
    if path is None:
        return PostgresDatabase(
            address, pool_size=connections, max_overflow=0, pool_pre_ping=True, **_DISCREET
        )
    return _sqlite(address, address, begin="BEGIN IMMEDIATE", pragmas=_PRAGMAS)


def open_alongside(address: sa.URL, *, writing: bool) -> Database:
    """A database that somebody else may own; without `writing` it can only be read."""
    path = sqlite_path(address)
    if path is None:
        settings = {"default_transaction_read_only": "off" if writing else "on"}
        return PostgresDatabase(address, pool_size=1, connect_args={"server_settings": settings}, **_DISCREET)
    # Neither makes a file where there is none.
    read, write = (
        sa.URL.create(
            address.drivername, database=f"file:{quote(str(path))}", query={"uri": "true", "mode": mode}
        )
        for mode in ("ro", "rw")
    )
    if writing:
        return _sqlite(write, read, begin="BEGIN IMMEDIATE", pragmas=_PRAGMAS)
    # A reader sees one moment of the file, and neither waits for a writer nor makes one wait.
    return _sqlite(read, read, begin="BEGIN", pragmas=())


def _sqlite(write: sa.URL, read: sa.URL, *, begin: str, pragmas: Sequence[str]) -> SqliteDatabase:
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    writing, reading = _engine(write, 1, pragmas), _engine(read, READERS, _READING)
    event.listen(writing, "begin", begun)
    return SqliteDatabase(writing, reading)


def _engine(address: sa.URL, connections: int, pragmas: Sequence[str]) -> sa.Engine:
    """Which thread comes to which connection is the pool's business, as long as each has it for itself."""
    engine = sa.create_engine(
        address,
        poolclass=sa.QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        **_DISCREET,
    )

    def connected(connection: sqlite3.Connection, record: object) -> None:
        del record
        # The driver would begin transactions of its own, deferred ones that fail when they turn into writers.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", connected)
    return engine
