"""Command line: python -m tests.chaos [SCENARIO …] [--seed 7] [--jobs 2000] [--kills 40]."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.report import Run, save, table
from tests.chaos.run import run_scenario
from tests.chaos.scenarios import SCENARIOS, Scenario, with_changes
from tests.postgres import server

ROOT = Path(__file__).parents[2]
OVERRIDES: Mapping[str, tuple[type, str]] = {
    "seed": (int, "seed of the schedule and of every random choice"),
    "jobs": (int, "minimum number of jobs per scenario"),
    "kills": (int, "number of kills per scenario"),
    "processes": (int, "number of processes at once, on Postgres"),
    "shards": (int, "number of shards in all; 0 gives each process its own gateway"),
    "lease": (float, "seconds until another process takes over a killed process's jobs, on Postgres"),
    "patience": (float, "seconds without any change after which a run ends, although jobs are open"),
    "segmind": (str, "faults at Segmind: `submit: drop-after @ 0.1; status: latency=0.5`"),
    "break_rules": (str, "rules that the bot breaks on purpose, to prove that the checks find it"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Killed processes leave broken connections, and both servers would log a traceback for each.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    # So would the pool of the checks' own connections, which a database that is set back cuts off.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    runs: list[Run] = []
    for name in options.scenarios or SCENARIOS:
        scenario = with_changes(SCENARIOS[name], **{key: getattr(options, key) for key in OVERRIDES})
        runs.append(_run(scenario, options.logs))
        _print(table(runs[-1:]))
        save(runs, options.json)
    _print(f"\n{table(runs)}\n\n{options.json}")
    return 0 if all(run.clean for run in runs) else 1


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _run(scenario: Scenario, logs: Path | None) -> Run:
    if scenario.database == "sqlite":
        return asyncio.run(run_scenario(scenario, logs=logs))
    with server() as postgres:
        return asyncio.run(run_scenario(scenario, postgres, logs=logs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help=f"{', '.join(SCENARIOS)}; all by default",
    )
    for name, (kind, description) in OVERRIDES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=description)
    parser.add_argument("--json", type=Path, default=ROOT / "var/chaos.json", help="file for the figures")
    parser.add_argument("--logs", type=Path, help="folder for the logs of all processes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
