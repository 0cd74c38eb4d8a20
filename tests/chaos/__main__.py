"""The command line: python -m tests.chaos [STORM …] [--seed 7] [--jobs 2000] [--kills 40]."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.report import Run, save, table
from tests.chaos.run import blow
from tests.chaos.scenarios import STORMS, USUAL, Storm, changed
from tests.postgres import server

ROOT = Path(__file__).parents[2]
CHANGES: Mapping[str, tuple[type, str]] = {
    "seed": (int, "of the schedule and of all chances"),
    "jobs": (int, "at least so many jobs in each storm"),
    "kills": (int, "so many kills in each storm"),
    "processes": (int, "so many at once, on Postgres"),
    "shards": (int, "into which the servers are divided; 0 gives each process a gateway of its own"),
    "lease": (float, "seconds until the jobs of a dead process are taken up, on Postgres"),
    "segmind": (str, "what goes wrong at Segmind: `submit: drop-after @ 0.1; status: latency=0.5`"),
    "breach": (str, "a rule that the bot is made to break, to see that the count finds it"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Whoever is killed leaves broken connections behind, and the two servers would say so with a trace each.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    runs: list[Run] = []
    for name in options.storms or USUAL:
        storm = changed(STORMS[name], **{key: getattr(options, key) for key in CHANGES})
        runs.append(_run(storm))
        _say(table(runs[-1:]))
        save(runs, options.json)
    _say(f"\n{table(runs)}\n\n{options.json}")
    return 0 if all(run.clean for run in runs) else 1


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


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
    for name, (kind, what) in CHANGES.items():
        parser.add_argument(f"--{name}", type=kind, help=what)
    parser.add_argument("--json", type=Path, default=ROOT / "var/chaos.json", help="where the figures go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
