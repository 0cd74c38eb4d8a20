"""Upgrades from every released schema keep all rows, and give the same tables as a fresh start."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.store import SqlStore
from bot.store.backend import schema
from tests.postgres import Postgres, connected, migrate
from tests.store.orders import START, HandClock, adopted_by
from tests.store.schemas.dumps import (
    Shape,
    kept,
    restore_postgres,
    restore_sqlite,
    revisions,
    rows_in,
    shape_of,
)

OLD = "released"


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=revisions())
def revision(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def postgres_server(dialect: str, request: pytest.FixtureRequest) -> Postgres | None:
    return request.getfixturevalue("postgres") if dialect == "postgresql" else None


@pytest.fixture
async def old(
    revision: str, dialect: str, tmp_path: Path, postgres_server: Postgres | None
) -> AsyncGenerator[str]:
    """Database as a release left it."""
    script = kept(revision, dialect).read_text()
    if postgres_server is None:
        restore_sqlite(tmp_path / "old.db", script)
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    await postgres_server.create(OLD)
    await restore_postgres(postgres_server.url(OLD), script)
    yield postgres_server.url(OLD)
    await postgres_server.drop(OLD)


@pytest.fixture
def fresh(dialect: str, request: pytest.FixtureRequest) -> str:
    """Database as this version creates it."""
    return request.getfixturevalue("sqlite_url" if dialect == "sqlite" else "postgres_url")


def differences(shape: Shape, other: Shape) -> list[str]:
    return sorted(name for name in shape.keys() | other.keys() if shape.get(name) != other.get(name))


async def test_every_release_upgrades_with_all_its_rows_to_the_schema_of_a_fresh_start(
    old: str, fresh: str, revision: str, clock: HandClock
) -> None:
    before = await rows_in(old)
    await migrate(old)
    if (differing := differences(await shape_of(old), await shape_of(fresh))) and revision == schema.HEAD:
        pytest.fail(
            f"The tables of revision {revision} differ from its kept schema: run `make schema` if no"
            f" release has it yet, else add a revision ({', '.join(differing)})."
        )
    assert differing == []
    after = await rows_in(old)
    for table, rows in before.items():
        # An upgrade may add columns. If it removes a table or a column, this test has to allow for it.
        known = rows[0].keys()
        assert [{name: row[name] for name in known} for row in after[table]] == rows, table
    async with SqlStore(old, start=START, clock=clock) as store:
        assert len(await adopted_by(store)) > 0


@pytest.mark.parametrize("revision", ["1"])
async def test_a_job_of_the_first_tables_keeps_its_id_as_its_nonce(old: str, clock: HandClock) -> None:
    async with SqlStore(old, start=START, clock=clock) as store:
        jobs = await adopted_by(store)
    assert [job.nonce for job in jobs] == [job.id for job in jobs] != []


async def test_a_kept_schema_has_rows_in_every_table_and_a_value_in_every_column(old: str) -> None:
    rows = await rows_in(old)
    assert rows
    for table, kept_rows in rows.items():
        for column in kept_rows[0]:
            assert any(row[column] is not None for row in kept_rows), f"{table}.{column}"


def test_both_databases_are_kept_for_the_first_revision_and_each_one_after_it() -> None:
    assert revisions()[0] == "1"
    for revision in revisions():
        for dialect in ("sqlite", "postgresql"):
            assert kept(revision, dialect).is_file()


async def test_differences_between_two_databases_are_found(
    fresh: str, dialect: str, tmp_path: Path, postgres_server: Postgres | None
) -> None:
    changes = (
        "ALTER TABLE notes ADD COLUMN mood text",
        "DROP INDEX posts_of_job",
        "CREATE TABLE more (id bigint)" if dialect == "postgresql" else "CREATE TABLE more (id INT) STRICT",
        "DROP TRIGGER deeds_no_update" + (" ON deeds" if dialect == "postgresql" else ""),
    )
    url = f"sqlite:///{tmp_path / 'changed.db'}"
    if postgres_server is not None:
        await postgres_server.create(OLD)
        url = postgres_server.url(OLD)
    await migrate(url)
    async with connected(url) as connection:
        for change in changes:
            await connection.exec_driver_sql(change)
    found = differences(await shape_of(url), await shape_of(fresh))
    assert {each for each in found if not each.endswith(" of more")} == {
        "columns of notes",
        "indexes of posts",
        "trigger deeds_no_update",
    }
    assert "columns of more" in found
    if postgres_server is not None:
        await postgres_server.drop(OLD)
