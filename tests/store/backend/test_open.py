"""Opening: what is set, what is refused, and that a failure is said in plain words."""

from pathlib import Path

import pytest

from bot.ledger.ledger import AuditEntry
from bot.store import SqlStore, StoreError, StoreUnavailable
from bot.store.backend.open import open_database, parse_url
from bot.store.errors import as_store_error
from tests.store.orders import START, HandClock


async def test_a_sqlite_file_survives_a_power_cut(sqlite_url: str) -> None:
    database = open_database(parse_url(sqlite_url))
    async with database.begin() as connection:
        kept = {
            pragma: (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    await database.dispose()
    full = 2
    assert kept == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://nowhere/doppel"])
def test_an_address_that_would_not_keep_jobs_is_refused(url: str, clock: HandClock) -> None:
    with pytest.raises(ValueError, match=r"memory|neither"):
        SqlStore(url, start=START, clock=clock)


async def test_a_file_that_is_no_database_is_said_so(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "doppel.db"
    path.write_bytes(b"a letter to a friend" * 1000)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        async with SqlStore(f"sqlite:///{path}", start=START, clock=clock):
            pass


async def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        async with SqlStore(f"sqlite:///{tmp_path}/file/doppel.db", start=START, clock=clock):
            pass


async def test_a_server_that_is_not_there_is_said_so(clock: HandClock, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        async with SqlStore(f"postgresql://nobody@/doppel?host={tmp_path}", start=START, clock=clock):
            pass


async def test_what_went_wrong_does_not_tell_what_was_being_written(
    sqlite_url: str, clock: HandClock
) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        with pytest.raises(StoreError) as refusal:
            await store.grant("1:2", 2**70, "a secret", AuditEntry("7", "grant"))
    assert "secret" not in str(refusal.value)


def test_trouble_without_words_is_called_by_its_name() -> None:
    assert str(as_store_error(TimeoutError())) == "the database cannot be used: TimeoutError"
