"""Backs up the SQLite file while the bot runs, and restores it."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.jobs.job import State
from bot.jobs.ports import StoreUnavailable
from bot.store.backend.leases import lock_file
from bot.store.backend.open import parse_url, sqlite_path
from bot.store.backend.schema import HEAD
from bot.store.errors import SchemaTooNew, StoreError

# A job without a time of submission may have been submitted at any time after its order.
_MARK_IN_DOUBT = (
    "UPDATE jobs SET state = ?, submitted_at = coalesce(submitted_at, created_at) WHERE state = ?"
)


class NotSqlite(StoreError):
    """The database is Postgres, which has tools of its own for backups."""

    def __init__(self) -> None:
        super().__init__("only SQLite's file is copied here: for Postgres there are pg_dump and pg_restore")


class TargetExists(StoreError):
    """The backup would overwrite a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already, and nothing is written over it")


class InvalidBackup(StoreError):
    """The file is missing, damaged, or not a database of this bot."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be restored: {why}")


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """Result of a restore, for the operator."""

    open_jobs: int
    in_doubt: int
    """Open jobs that may have been submitted after the backup was made."""
    previous: Path | None
    """Path to which the former database was moved."""


def back_up(url: str, target: Path, *, now: datetime) -> Path:
    """Write one moment of the database to a new file while the bot runs, and return the file.

    No backup overwrites an earlier one: if the target exists, the new file has the date in its name.
    """
    source = _file(url)
    if not source.is_file():
        raise StoreUnavailable(f"there is no file {source}")
    if target.exists():
        target = target.with_name(f"{target.stem}-{now:%Y-%m-%d-%H%M%S}{target.suffix}")
    if target.exists():
        raise TargetExists(target)
    # An interrupted copy must not look like a backup.
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with _copy(source, unfinished) as copy:
            # The backup has to be a single file, without a write-ahead log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        _check(unfinished)
        _flush(unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def restore(url: str, backup: Path) -> RestoreResult:
    """Replace the database, which no bot may have open, with a backup.

    A job that was in the queue when the backup was made may have been submitted since. So it counts as
    submitted with an unknown outcome: the next start looks for it in Segmind's history and never submits it
    again.
    """
    target = _file(url)
    if not backup.is_file():
        raise InvalidBackup(backup, "there is no such file")
    _check(backup)
    with lock_file(target):
        fresh = target.with_name(f"{target.name}.restored")
        fresh.unlink(missing_ok=True)
        with _copy(backup, fresh) as copy, copy:
            in_doubt = copy.execute(_MARK_IN_DOUBT, [State.SUBMITTING, State.HELD])
            (open_jobs,) = copy.execute("SELECT count(*) FROM jobs WHERE NOT told").fetchone()
        _flush(fresh)
        previous = _move_away(target)
        fresh.rename(target)
    return RestoreResult(open_jobs, in_doubt.rowcount, previous)


def _file(url: str) -> Path:
    path = sqlite_path(parse_url(url))
    if path is None:
        raise NotSqlite
    return path


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _check(path: Path) -> None:
    """Raise unless this is an intact database of a revision that this version knows."""
    try:
        with closing(_connect(path)) as connection:
            (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise InvalidBackup(path, f"it is not a complete Doppel database ({error})") from error
    if result != "ok":
        raise InvalidBackup(path, f"it is damaged ({result})")
    if not revision.isdecimal() or int(revision) > int(HEAD):
        raise SchemaTooNew(found=revision, known=HEAD)


def _move_away(path: Path) -> Path | None:
    """Rename the file and its log, so that a restore by mistake can be undone."""
    if not path.exists():
        return None
    number = 1
    while (renamed := path.with_name(f"{path.name}.before-restore-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(renamed.with_name(renamed.name + suffix))
    return path.rename(renamed)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _copy(source: Path, target: Path) -> Generator[sqlite3.Connection]:
    """Copy one moment of a database to a new file, and keep the copy open for changes."""
    try:
        with closing(_connect(source)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy)
            yield copy
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{source} cannot be copied to {target} ({error})") from error
