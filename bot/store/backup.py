"""A copy of the SQLite file while the bot runs, and the way back."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.jobs.job import State
from bot.store.backend.leases import lock_file
from bot.store.backend.open import parse_url, sqlite_path
from bot.store.backend.schema import HEAD
from bot.store.errors import SchemaTooNew, StoreError, StoreUnavailable

# Whoever was sent before keeps the time of it; the others were sent after their order, if at all.
_DOUBT = "UPDATE jobs SET state = ?, submitted_at = coalesce(submitted_at, created_at) WHERE state = ?"


class NotSqlite(StoreError):
    """The database is no file, and has tools of its own."""

    def __init__(self) -> None:
        super().__init__("only SQLite's file is copied here: for Postgres there are pg_dump and pg_restore")


class TargetExists(StoreError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already, and nothing is written over it")


class InvalidBackup(StoreError):
    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot be restored: {why}")


@dataclass(frozen=True, slots=True)
class RestoreResult:
    open_jobs: int
    in_doubt: int
    """Of these, the ones that may have been sent after the backup was made."""
    previous: Path | None
    """Where the database lies that was there before."""


def back_up(url: str, target: Path) -> int:
    """Write the database as it is at one moment to a new file; gives its size. A running bot goes on."""
    source = _file(url)
    if not source.is_file():
        raise StoreUnavailable(f"there is no file {source}")
    if target.exists():
        raise TargetExists(target)
    # A copy that is cut off must not look like a backup.
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        with _copied(source, unfinished) as copy:
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        _check(unfinished)
        _flush(unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def restore(url: str, backup: Path) -> RestoreResult:
    """Put a backup in the database's place, which no bot may have open.

    A job that waited when the backup was made may have been sent since. So it counts as sent with an unknown
    outcome: the next start looks for it in Segmind's history and never sends it again.
    """
    target = _file(url)
    if not backup.is_file():
        raise InvalidBackup(backup, "there is no such file")
    _check(backup)
    with lock_file(target):
        fresh = target.with_name(f"{target.name}.restored")
        fresh.unlink(missing_ok=True)
        with _copied(backup, fresh) as copy, copy:
            doubted = copy.execute(_DOUBT, [State.SUBMITTING, State.HELD])
            (open_jobs,) = copy.execute("SELECT count(*) FROM jobs WHERE NOT told").fetchone()
        _flush(fresh)
        kept = _put_aside(target)
        fresh.rename(target)
    return RestoreResult(open_jobs, doubted.rowcount, kept)


def _file(url: str) -> Path:
    path = sqlite_path(parse_url(url))
    if path is None:
        raise NotSqlite
    return path


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _check(path: Path) -> None:
    """Whether this is a whole database of a revision that this version knows."""
    try:
        with closing(_opened(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise InvalidBackup(path, f"it is no whole database of Doppel's ({error})") from error
    if verdict != "ok":
        raise InvalidBackup(path, f"it is damaged ({verdict})")
    if not revision.isdecimal() or int(revision) > int(HEAD):
        raise SchemaTooNew(found=revision, known=HEAD)


def _put_aside(path: Path) -> Path | None:
    """The file with its log, under a free name: a restore by mistake can be taken back."""
    if not path.exists():
        return None
    number = 1
    while (kept := path.with_name(f"{path.name}.before-restore-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(kept.with_name(kept.name + suffix))
    return path.rename(kept)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _copied(source: Path, target: Path) -> Generator[sqlite3.Connection]:
    """A new file with all that the other one holds at this moment, open for what has to be changed in it."""
    try:
        with closing(_opened(source)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy)
            yield copy
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{source} cannot be copied to {target} ({error})") from error
