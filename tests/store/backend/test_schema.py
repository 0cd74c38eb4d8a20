"""The migrations create the tables that `bot.store.tables` declares."""

import asyncio
import sys
from dataclasses import fields
from importlib import resources
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.jobs.job import Job, Place
from bot.store import SchemaTooNew, SqlStore
from bot.store.backend import schema
from bot.store.backend.open import open_database, parse_url
from bot.store.tables import METADATA, jobs
from tests.discord.forks import ROOT
from tests.postgres import Postgres
from tests.store.orders import START, HandClock


async def test_migrations_and_tables_agree(raw: AsyncConnection) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, METADATA)

    assert await raw.run_sync(differences) == []


@pytest.mark.usefixtures("altered")
async def test_migrations_and_tables_have_the_same_checks_and_conditions(
    raw: AsyncConnection, url: str
) -> None:
    """Alembic compares neither CHECKs nor conditions of indexes, so the test reads both back."""

    def checks(connection: sa.Connection) -> dict[str, dict[str, str]]:
        inspector = sa.inspect(connection)
        return {
            table: {str(check["name"]): check["sqltext"] for check in inspector.get_check_constraints(table)}
            | {str(index["name"]): condition(index) for index in inspector.get_indexes(table)}
            for table in METADATA.tables
        }

    def condition(index: ReflectedIndex) -> str:
        options = index.get("dialect_options", {})
        return str(options.get("postgresql_where", options.get("sqlite_where")))

    migrated = await raw.run_sync(checks)
    database = open_database(parse_url(url))
    async with database.begin() as connection:
        if connection.dialect.name == "postgresql":
            await connection.exec_driver_sql("CREATE SCHEMA declared")
            await connection.exec_driver_sql("SET LOCAL search_path = declared")
        else:
            await connection.run_sync(METADATA.drop_all)
        await connection.run_sync(METADATA.create_all)
        assert await connection.run_sync(checks) == migrated
    await database.dispose()


def test_head_is_the_newest_revision() -> None:
    folder = resources.files("bot.store") / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_a_job_has_a_column_for_every_field() -> None:
    names = {field.name for data in (Job, Place) for field in fields(data)}
    assert {column.name for column in jobs.c} == names - {"place"} | {
        "owner",
        "epoch",
        "from_allowance",
        "allowance_until",
        "slot_since",
        "has_slot",
    }


async def test_a_new_file_gets_its_folder_and_its_tables(tmp_path: Path, clock: HandClock) -> None:
    async with SqlStore(f"sqlite:///{tmp_path}/a/b/doppel.db", start=START, clock=clock) as store:
        assert await store.discrepancies() == []


async def test_two_processes_may_open_an_empty_postgres_at_once(postgres: Postgres, clock: HandClock) -> None:
    await postgres.create("empty")

    async def opening() -> list[str]:
        async with SqlStore(postgres.url("empty"), start=START, clock=clock) as store:
            return await store.discrepancies()

    assert await asyncio.gather(*(opening() for _ in range(3))) == [[], [], []]
    await postgres.drop("empty")


@pytest.mark.usefixtures("altered")
async def test_a_database_of_a_newer_version_is_left_alone(
    url: str, raw: AsyncConnection, clock: HandClock
) -> None:
    await raw.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew) as raised:
        async with SqlStore(url, start=START, clock=clock):
            pass
    assert (raised.value.found, raised.value.known) == ("9999", schema.HEAD)


async def test_alembic_is_not_imported_when_there_is_nothing_to_migrate(sqlite_url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from bot.store import SqlStore\n"
        "from tests.store.orders import HandClock\n"
        "async def main():\n"
        f"    async with SqlStore({sqlite_url!r}, start=1, clock=HandClock()): pass\n"
        "asyncio.run(main())\n"
        "assert 'alembic' not in sys.modules\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT)
    assert await process.wait() == 0
