"""Errors of the store, apart from `NotEnoughCredits`, `CapReached` and `StaleJob`.

StoreError
├── StoreUnavailable   disk full, locked, unreachable: nothing can be written for now (in `bot.jobs.ports`)
│   └── StoreDamaged   corrupt: nothing can be written until somebody restores the file
├── ChangeRejected     the database's own rules forbid this one change
├── DatabaseInUse      another process owns this SQLite file
├── ShardsLost         another process serves the shards that this one claimed
├── SchemaTooNew       a newer version of the bot wrote this database
└── SchemaDiffers      the tables are not those of this version, and the operator's commands do not migrate
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc

from bot.jobs.ports import StoreError, StoreUnavailable


class StoreDamaged(StoreUnavailable):
    """The file is corrupt, so waiting does not help."""

    is_permanent = True


class ChangeRejected(StoreError):
    """One change broke a rule of the tables, and nothing of it was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database refused a change: {reason}")
        self.reason = reason


class DatabaseInUse(StoreError):
    """Another process has the SQLite file open."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"another process has {path} open")
        self.path = path


class ShardsLost(StoreError):
    """Another process took over this one's shards after its lease ran out."""

    def __init__(self) -> None:
        super().__init__("this process was silent for so long that another one now serves its shards")


class SchemaTooNew(StoreError):
    """A newer version of the bot wrote this database."""

    def __init__(self, *, found: str, known: str) -> None:
        super().__init__(f"the database is at revision {found}, and this version knows none after {known}")
        self.found = found
        self.known = known


class SchemaDiffers(StoreError):
    """The database is at another revision than this version reads."""

    def __init__(self, *, found: str | None, known: str) -> None:
        has = "has no tables yet" if found is None else f"is at revision {found}"
        super().__init__(f"the database {has}, and this version reads {known}: `doppel run` upgrades it")
        self.found = found
        self.known = known


# SQLAlchemy raises these for a faulty statement, as opposed to an unreachable database.
_STATEMENT_ERRORS = (
    exc.IntegrityError,
    exc.DataError,
    exc.ProgrammingError,
    exc.NotSupportedError,
    # Raised for a value that cannot be bound, and for a broken connection, which is invalidated then.
    exc.InterfaceError,
)

# SQLAlchemy has no class of its own for these errors of Postgres, after which the other changes of a batch
# may well succeed: serialization failures and deadlocks (40), bad data (22), limits exceeded (54).
_STATEMENT_SQLSTATES = ("40", "22", "54")


def is_outage(error: Exception) -> bool:
    """Return whether the database itself is at fault, so that any other change would fail as well."""
    if isinstance(error, exc.DBAPIError) and not error.connection_invalidated:
        code = str(getattr(error.orig, "sqlstate", None) or "")
        return not (isinstance(error, _STATEMENT_ERRORS) or code.startswith(_STATEMENT_SQLSTATES))
    return isinstance(error, OSError | exc.DBAPIError | exc.TimeoutError)


def _is_damage(error: Exception) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None) if isinstance(error, exc.DBAPIError) else None
    # The upper bits of an extended code name the kind of damage.
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def as_store_error(error: Exception) -> Exception:
    """Translate a driver's error into one that code without SQLAlchemy can catch."""
    if is_outage(error):
        return (StoreDamaged if _is_damage(error) else StoreUnavailable)(_summary(error))
    # SQLite's driver raises Python's own error for a number that is too large.
    if isinstance(error, exc.SQLAlchemyError | OverflowError):
        return ChangeRejected(_summary(error))
    return error


@contextmanager
def translated_errors() -> Generator[None]:
    """Raise the store's errors in place of the driver's."""
    try:
        yield
    except (exc.SQLAlchemyError, OSError) as error:
        # The cause would put the row that failed, tokens and all, into the log.
        raise as_store_error(error) from None


def _summary(error: Exception) -> str:
    # The statement and its parameters stay out, because they carry tokens and members' pictures.
    cause = error.orig if isinstance(error, exc.StatementError) and error.orig else error
    return str(cause).splitlines()[0].removeprefix(f"{type(cause)}: ") if str(cause) else type(cause).__name__
