"""Opening a database: its settings, invalid addresses, and understandable errors."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.jobs.ports import StoreUnavailable
from bot.ledger.ledger import AuditEntry
from bot.store import SqlStore, StoreError
from bot.store.backend.open import open_alongside, open_database, parse_url
from bot.store.errors import as_store_error
from tests.postgres import connected
from tests.store.orders import START, HandClock


async def test_a_sqlite_file_survives_a_power_cut(sqlite_url: str) -> None:
    database = open_database(parse_url(sqlite_url))
    async with database.begin() as connection:
        values = {
            pragma: (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    await database.dispose()
    full = 2
    assert values == {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://nowhere/doppel"])
def test_an_address_that_would_not_keep_jobs_is_rejected(url: str, clock: HandClock) -> None:
    with pytest.raises(ValueError, match=r"memory|neither"):
        SqlStore(url, start=START, clock=clock)


async def test_opening_a_file_that_is_no_database_raises_an_error(tmp_path: Path, clock: HandClock) -> None:
    path = tmp_path / "doppel.db"
    path.write_bytes(b"a letter to a friend" * 1000)
    with pytest.raises(StoreUnavailable, match="file is not a database"):
        async with SqlStore(f"sqlite:///{path}", start=START, clock=clock):
            pass


async def test_a_folder_that_cannot_be_created_raises_an_error(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        async with SqlStore(f"sqlite:///{tmp_path}/file/doppel.db", start=START, clock=clock):
            pass


async def test_an_unreachable_server_raises_an_error(clock: HandClock, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        async with SqlStore(f"postgresql://nobody@/doppel?host={tmp_path}", start=START, clock=clock):
            pass


async def test_an_error_does_not_contain_the_data_that_was_being_written(
    sqlite_url: str, clock: HandClock
) -> None:
    async with SqlStore(sqlite_url, start=START, clock=clock) as store:
        with pytest.raises(StoreError) as raised:
            await store.grant("1:2", 2**70, "a secret", AuditEntry("7", "grant"))
    assert "secret" not in str(raised.value)


def test_an_error_without_a_message_is_described_by_its_type() -> None:
    assert str(as_store_error(TimeoutError())) == "the database cannot be used: TimeoutError"


@pytest.mark.parametrize(
    ("given", "expected"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")]
)
async def test_commits_wait_for_the_disk_whatever_the_server_is_set_to(
    postgres_url: str, given: str, expected: str
) -> None:
    address = parse_url(postgres_url)
    async with connected(postgres_url) as connection:
        await connection.exec_driver_sql(
            f"ALTER DATABASE {address.database} SET synchronous_commit = '{given}'"
        )
    try:
        for database in (open_database(address), open_alongside(address, writing=True)):
            async with database.begin() as connection:
                found = await connection.execute(sa.text("SHOW synchronous_commit"))
            assert found.scalar_one() == expected
            await database.dispose()
    finally:
        async with connected(postgres_url) as connection:
            await connection.exec_driver_sql(f"ALTER DATABASE {address.database} RESET synchronous_commit")
