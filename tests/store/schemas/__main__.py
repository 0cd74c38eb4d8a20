"""Command line: python -m tests.store.schemas [--check], to write the newest schema or to check it."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.store.backend.schema import HEAD
from tests.postgres import Postgres, migrate, server
from tests.store.schemas.dumps import (
    contents,
    dump_postgres,
    dump_sqlite,
    fill,
    kept,
    restore_postgres,
    restore_sqlite,
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and end with 1 where it differs")
    options = parser.parse_args(arguments)
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        dumps = {"sqlite": asyncio.run(_sqlite(Path(folder))), "postgresql": asyncio.run(_postgres(postgres))}
    changed = {dialect: dump for dialect, dump in dumps.items() if dump is not None}
    if options.check and changed:
        sys.stderr.write(f"The schema of revision {HEAD} is not kept as it is: `make schema` writes it.\n")
        return 1
    for dialect, dump in changed.items():
        kept(HEAD, dialect).write_text(dump)
        sys.stdout.write(f"{kept(HEAD, dialect).name} was written.\n")
    return 0


async def _sqlite(folder: Path) -> str | None:
    """The new dump, or None if the kept one is the same."""
    now, then = folder / "now.db", folder / "then.db"
    await _make(f"sqlite:///{now}")
    if (path := kept(HEAD, "sqlite")).exists():
        restore_sqlite(then, path.read_text())
        # The dumps themselves differ a little between versions of Python, so their results are compared.
        if await contents(f"sqlite:///{then}") == await contents(f"sqlite:///{now}"):
            return None
    return dump_sqlite(now)


async def _postgres(postgres: Postgres) -> str | None:
    now, then = postgres.url("made"), postgres.url("kept")
    await postgres.create("made")
    await _make(now)
    if (path := kept(HEAD, "postgresql")).exists():
        await postgres.create("kept")
        await restore_postgres(then, path.read_text())
        if await contents(then) == await contents(now):
            return None
    return dump_postgres(now)


async def _make(url: str) -> None:
    await migrate(url)
    await fill(url)


if __name__ == "__main__":
    sys.exit(main())
