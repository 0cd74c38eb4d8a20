"""The command line: python -m tests.store.schemas [--check], to keep the newest schema or see that it is."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.store.schema import HEAD
from tests.postgres import Postgres, migrate, server
from tests.store.schemas.dumps import dump_postgres, dump_sqlite, fill, kept


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and end with 1 where it differs")
    options = parser.parse_args(arguments)
    with server() as postgres, tempfile.TemporaryDirectory() as folder:
        dumps = {"sqlite": asyncio.run(_sqlite(Path(folder))), "postgresql": asyncio.run(_postgres(postgres))}
    differing = [dialect for dialect, dump in dumps.items() if _differs(kept(HEAD, dialect), dump)]
    if options.check and differing:
        sys.stderr.write(f"The schema of revision {HEAD} is not kept as it is: `make schema` writes it.\n")
        return 1
    for dialect in differing:
        kept(HEAD, dialect).write_text(dumps[dialect])
        sys.stdout.write(f"{kept(HEAD, dialect).name} was written.\n")
    return 0


def _differs(path: Path, dump: str) -> bool:
    return not path.exists() or path.read_text() != dump


async def _sqlite(folder: Path) -> str:
    file = folder / "doppel.db"
    await migrate(f"sqlite:///{file}")
    await fill(f"sqlite:///{file}")
    return dump_sqlite(file)


async def _postgres(postgres: Postgres) -> str:
    await postgres.create("kept")
    url = postgres.url("kept")
    await migrate(url)
    await fill(url)
    return dump_postgres(url)


if __name__ == "__main__":
    sys.exit(main())
