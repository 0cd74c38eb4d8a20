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

_WRITER_PRAGMAS = (
    "journal_mode=WAL",
    # NORMAL may lose the last commits on a power cut, and with them the record that a request was sent.
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
)
_READER_PRAGMAS = ("busy_timeout=30000", "query_only=ON")


# Parameters include tokens and members' pictures, which must not appear in an error's text.
_PRIVATE = {"hide_parameters": True}


def parse_url(url: str) -> sa.URL:
    """Parse a database URL and choose the driver that the bot uses."""
    address = sa.make_url(url)
    if address.drivername not in _DRIVERS:
        raise ValueError(f"{address.drivername} is neither sqlite nor postgresql")
    return address.set(drivername=_DRIVERS[address.drivername])


def sqlite_path(address: sa.URL) -> Path | None:
    """Path of the SQLite file, or None on Postgres."""
    if address.get_backend_name() != "sqlite":
        return None
    if address.database in {None, "", ":memory:"}:
        raise ValueError("jobs must survive a restart: a file is needed, not SQLite's memory")
    return Path(str(address.database)).resolve()


def open_database(address: sa.URL, *, connections: int = 4) -> Database:
    """Prepare a database that connects on first use."""
    path = sqlite_path(address)
    if path is None:
        return PostgresDatabase(
            address, pool_size=connections, max_overflow=0, pool_pre_ping=True, **_PRIVATE
        )
    return _sqlite(address, address, begin="BEGIN IMMEDIATE", pragmas=_WRITER_PRAGMAS)


def open_alongside(address: sa.URL, *, writing: bool) -> Database:
    """Open a database that another process may own; without `writing`, it can only be read."""
    path = sqlite_path(address)
    if path is None:
        settings = {"default_transaction_read_only": "off" if writing else "on"}
        return PostgresDatabase(address, pool_size=1, connect_args={"server_settings": settings}, **_PRIVATE)
    # Neither mode creates a missing file.
    read, write = (
        sa.URL.create(
            address.drivername, database=f"file:{quote(str(path))}", query={"uri": "true", "mode": mode}
        )
        for mode in ("ro", "rw")
    )
    if writing:
        return _sqlite(write, read, begin="BEGIN IMMEDIATE", pragmas=_WRITER_PRAGMAS)
    # A deferred transaction sees one moment of the file, and neither waits for a writer nor blocks one.
    return _sqlite(read, read, begin="BEGIN", pragmas=())


def _sqlite(write: sa.URL, read: sa.URL, *, begin: str, pragmas: Sequence[str]) -> SqliteDatabase:
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    writing, reading = _engine(write, 1, pragmas), _engine(read, READERS, _READER_PRAGMAS)
    event.listen(writing, "begin", on_begin)
    return SqliteDatabase(writing, reading)


def _engine(address: sa.URL, connections: int, pragmas: Sequence[str]) -> sa.Engine:
    engine = sa.create_engine(
        address,
        poolclass=sa.QueuePool,
        pool_size=connections,
        max_overflow=0,
        # The pool may hand a connection to another thread, but never to two threads at once.
        connect_args={"check_same_thread": False},
        **_PRIVATE,
    )

    def on_connect(connection: sqlite3.Connection, record: object) -> None:
        del record
        # The driver would begin deferred transactions, which fail when they turn into writers.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    event.listen(engine, "connect", on_connect)
    return engine
