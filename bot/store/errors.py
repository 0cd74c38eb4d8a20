"""What can go wrong with the store, apart from an order that is too dear and a job that was lost.

StoreError
├── StoreUnavailable   disk full, locked, unreachable: nothing more can be written for now
│   └── StoreDamaged   corrupt: nothing more can be written at all
├── StoreRefused       the database's own rules forbid this one change
├── AlreadyOpen        another process owns this SQLite file
├── ShardsLost         another process serves what this one claimed
├── SchemaTooNew       a newer version of the bot wrote this database
└── SchemaDiffers      its tables are not this version's, and whoever looks at them must not change that
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc

from bot.jobs.ports import StoreAway, StoreError


class StoreUnavailable(StoreAway):
    """The database cannot be used; whether the change in hand was still written is not known."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database cannot be used: {reason}")
        self.reason = reason


class StoreDamaged(StoreUnavailable):
    """The file is no whole database any more. Waiting does not help."""

    lasting = True


class ChangeRejected(StoreError):
    """One change broke a rule of the tables. Nothing of it was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database refused a change: {reason}")
        self.reason = reason


class DatabaseInUse(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"another process has {path} open")
        self.path = path


class ShardsLost(StoreError):
    def __init__(self) -> None:
        super().__init__("this process was silent for so long that another one serves its shards by now")


class SchemaTooNew(StoreError):
    def __init__(self, *, found: str, known: str) -> None:
        super().__init__(f"the database is at revision {found}, and this version knows none after {known}")
        self.found = found
        self.known = known


class SchemaDiffers(StoreError):
    def __init__(self, *, found: str | None, known: str) -> None:
        has = "has no tables yet" if found is None else f"is at revision {found}"
        super().__init__(f"the database {has}, and this version reads {known}: `doppel run` brings it there")
        self.found = found
        self.known = known


# What a driver says when one statement was wrong, as opposed to the database being out of reach.
_STATEMENT_AT_FAULT = (
    exc.IntegrityError,
    exc.DataError,
    exc.ProgrammingError,
    exc.NotSupportedError,
    # A value that cannot be bound; a broken connection is told apart by its being invalidated.
    exc.InterfaceError,
)

# SQLAlchemy has no class of its own for these of Postgres, where the other changes of a batch may well pass.
_WORTH_ANOTHER_TRY = ("40", "22", "54")
"""Serialization failures and deadlocks, bad data, limits exceeded: the first two digits of the SQLSTATE."""


def is_outage(error: Exception) -> bool:
    """Whether the database itself is at fault, so that no other change would fare better."""
    if isinstance(error, exc.DBAPIError) and not error.connection_invalidated:
        code = str(getattr(error.orig, "sqlstate", None) or "")
        return not (isinstance(error, _STATEMENT_AT_FAULT) or code.startswith(_WORTH_ANOTHER_TRY))
    return isinstance(error, OSError | exc.DBAPIError | exc.TimeoutError)


def _is_damage(error: Exception) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None) if isinstance(error, exc.DBAPIError) else None
    # The upper bits tell what kind of damage it is.
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def as_store_error(error: Exception) -> Exception:
    """The same trouble as an exception that the other rooms can name."""
    if is_outage(error):
        return (StoreDamaged if _is_damage(error) else StoreUnavailable)(_plain(error))
    # The driver of SQLite raises Python's own error for a number that is too large.
    if isinstance(error, exc.SQLAlchemyError | OverflowError):
        return ChangeRejected(_plain(error))
    return error


@contextmanager
def translated_errors() -> Generator[None]:
    try:
        yield
    except (exc.SQLAlchemyError, OSError) as error:
        # The cause would drag the row that failed, tokens and all, into the log.
        raise as_store_error(error) from None


def _plain(error: Exception) -> str:
    # The statement and its parameters stay out: they carry tokens and members' pictures.
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig else error
    return str(cause).splitlines()[0].removeprefix(f"{type(cause)}: ") if str(cause) else type(cause).__name__
