"""Opens the database: a SQLite file that survives a power cut, or Postgres."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
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


# Parameters are tokens and members' pictures, which have no place in an error's text.
_DISCREET = {"hide_parameters": True}


def database_of(url: str) -> sa.URL:
    """The address with the driver that this program uses."""
    address = sa.make_url(url)
    if address.drivername not in _DRIVERS:
        raise ValueError(f"{address.drivername} is neither sqlite nor postgresql")
    return address.set(drivername=_DRIVERS[address.drivername])


def file_of(address: sa.URL) -> Path | None:
    """The SQLite file; none on Postgres."""
    if address.get_backend_name() != "sqlite":
        return None
    if address.database in {None, "", ":memory:"}:
        raise ValueError("jobs must survive a restart: a file is needed, not SQLite's memory")
    return Path(str(address.database)).resolve()


def open_engine(address: sa.URL, *, connections: int = 4) -> AsyncEngine:
    """Connects lazily; on SQLite every transaction shares one connection, in the order of asking."""
    if file_of(address) is None:
        return create_async_engine(
            address, pool_size=connections, max_overflow=0, pool_pre_ping=True, **_DISCREET
        )
    # A second connection would only wait for the first one's lock, and less fairly than in this pool.
    engine = create_async_engine(address, pool_size=1, max_overflow=0, **_DISCREET)
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    return engine


def open_beside(address: sa.URL, *, writing: bool) -> AsyncEngine:
    """One connection to a database that somebody else may own; without `writing` it can only read."""
    path = file_of(address)
    if path is None:
        settings = {"default_transaction_read_only": "off" if writing else "on"}
        return create_async_engine(
            address, pool_size=1, connect_args={"server_settings": settings}, **_DISCREET
        )
    mode = {"uri": "true", "mode": "rw" if writing else "ro"}
    # Neither makes a file where there is none.
    file = sa.URL.create(address.drivername, database=f"file:{quote(str(path))}", query=mode)
    engine = create_async_engine(file, pool_size=1, max_overflow=0, **_DISCREET)
    event.listen(engine.sync_engine, "connect", _set_pragmas if writing else _leave_as_it_is)
    event.listen(engine.sync_engine, "begin", _begin_immediately if writing else _begin)
    return engine


def _leave_as_it_is(connection: Any, record: object) -> None:
    del record
    connection.isolation_level = None


def _set_pragmas(connection: Any, record: object) -> None:
    del record
    # The driver would begin transactions of its own, deferred ones that fail when they turn into writers.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediately(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: sa.Connection) -> None:
    # A reader sees one moment of the file, and neither waits for a writer nor makes one wait.
    connection.exec_driver_sql("BEGIN")
