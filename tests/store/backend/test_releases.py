"""From every released schema forward: nothing is lost, and nothing is different from a fresh start."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.store import SqlStore
from bot.store.backend import schema
from tests.postgres import Postgres, connected, migrate
from tests.store.orders import START, HandClock
from tests.store.schemas.dumps import (
    Shape,
    contents,
    kept,
    restore_postgres,
    restore_sqlite,
    revisions,
)

OLD = "released"


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=revisions())
def revision(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def its_postgres(dialect: str, request: pytest.FixtureRequest) -> Postgres | None:
    return request.getfixturevalue("postgres") if dialect == "postgresql" else None


@pytest.fixture
async def old(
    revision: str, dialect: str, tmp_path: Path, its_postgres: Postgres | None
) -> AsyncGenerator[str]:
    """A database as a release has left it."""
    script = kept(revision, dialect).read_text()
    if its_postgres is None:
        restore_sqlite(tmp_path / "old.db", script)
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    await its_postgres.create(OLD)
    await restore_postgres(its_postgres.url(OLD), script)
    yield its_postgres.url(OLD)
    await its_postgres.drop(OLD)


@pytest.fixture
def fresh(dialect: str, request: pytest.FixtureRequest) -> str:
    """A database as this version makes it."""
    return request.getfixturevalue("sqlite_url" if dialect == "sqlite" else "postgres_url")


def differences(shape: Shape, other: Shape) -> list[str]:
    return sorted(name for name in shape.keys() | other.keys() if shape.get(name) != other.get(name))


async def test_every_release_comes_forward_with_all_its_rows_to_what_a_fresh_start_makes(
    old: str, fresh: str, revision: str, clock: HandClock
) -> None:
    _, before = await contents(old)
    await migrate(old)
    shape, after = await contents(old)
    meant, _ = await contents(fresh)
    if (differing := differences(shape, meant)) and revision == schema.HEAD:
        pytest.fail(
            f"The tables of revision {revision} are not what they were when its schema was kept: keep it "
            f"anew with `make schema` if no release has it yet, else add a revision ({', '.join(differing)})."
        )
    assert differing == []
    for table, rows in before.items():
        # With a column more, perhaps; a table or a column that goes has to be told of here.
        known = rows[0].keys()
        assert [{name: row[name] for name in known} for row in after[table]] == rows, table
    async with SqlStore(old, start=START, clock=clock) as store:
        assert len(await store.adopt()) > 0


async def test_a_schema_that_is_kept_has_rows_in_every_table_and_something_in_every_column(old: str) -> None:
    _, rows = await contents(old)
    assert rows
    for table, those in rows.items():
        for column in those[0]:
            assert any(row[column] is not None for row in those), f"{table}.{column}"


def test_both_databases_are_kept_for_the_first_revision_and_each_one_after_it() -> None:
    assert revisions()[0] == "1"
    for revision in revisions():
        for dialect in ("sqlite", "postgresql"):
            assert kept(revision, dialect).is_file()


async def test_whatever_differs_between_two_databases_is_told(
    fresh: str, dialect: str, tmp_path: Path, its_postgres: Postgres | None
) -> None:
    changes = (
        "ALTER TABLE notes ADD COLUMN mood text",
        "DROP INDEX posts_of_job",
        "CREATE TABLE more (id bigint)" if dialect == "postgresql" else "CREATE TABLE more (id INT) STRICT",
        "DROP TRIGGER deeds_no_update" + (" ON deeds" if dialect == "postgresql" else ""),
    )
    url = f"sqlite:///{tmp_path / 'changed.db'}"
    if its_postgres is not None:
        await its_postgres.create(OLD)
        url = its_postgres.url(OLD)
    await migrate(url)
    async with connected(url) as connection:
        for change in changes:
            await connection.exec_driver_sql(change)
    shape, _ = await contents(url)
    meant, _ = await contents(fresh)
    told = differences(shape, meant)
    assert {each for each in told if not each.endswith(" of more")} == {
        "columns of notes",
        "indexes of posts",
        "trigger deeds_no_update",
    }
    assert "columns of more" in told
    if its_postgres is not None:
        await its_postgres.drop(OLD)
