"""The command line: python -m tests.chaos [STORM …] [--seed 7] [--jobs 2000] [--kills 40]."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.blow import blow
from tests.chaos.report import Run, save, table
from tests.chaos.storm import STORMS, USUAL, Storm, named
from tests.postgres import server

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    runs: list[Run] = []
    for name in options.storms or USUAL:
        storm = named(name, jobs=options.jobs, kills=options.kills, seed=options.seed)
        runs.append(_run(storm))
        print(table(runs[-1:]), flush=True)
        save(runs, options.json)
    print(f"\n{table(runs)}\n\n{options.json}")
    return 0 if all(run.clean for run in runs) else 1


def _run(storm: Storm) -> Run:
    if storm.database == "sqlite":
        return asyncio.run(blow(storm))
    with server() as postgres:
        return asyncio.run(blow(storm, postgres))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument(
        "storms", nargs="*", metavar="STORM", help=f"{', '.join(STORMS)}; {', '.join(USUAL)} unless named"
    )
    parser.add_argument("--seed", type=int, help="of the schedule and of all chances")
    parser.add_argument("--jobs", type=int, help="at least so many jobs in each storm")
    parser.add_argument("--kills", type=int, help="so many kills in each storm")
    parser.add_argument("--json", type=Path, default=ROOT / "var/chaos.json", help="where the figures go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
