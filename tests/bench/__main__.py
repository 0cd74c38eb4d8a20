"""Command line: python -m tests.bench [freshness] [engine] [ledger] [queue] [start] [load] [hostile]."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tests.bench import engine, freshness, hostile, ledger, load, queue, start
from tests.bench.figures import Figure, save, table

ROOT = Path(__file__).parents[2]


BENCHES: Mapping[str, Callable[[], Iterable[Figure]]] = {
    "freshness": freshness.figures,
    "engine": engine.figures,
    "ledger": ledger.figures,
    "queue": queue.figures,
    "start": start.figures,
    "load": load.figures,
    "hostile": hostile.figures,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHES)}; all unless named")
    parser.add_argument("--json", type=Path, default=ROOT / "var/bench.json", help="where the figures go")
    options = parser.parse_args(arguments)
    figures = _measured(options.names or list(BENCHES))
    save(figures, options.json)
    sys.stdout.write(f"\n{table(figures)}\n\n{options.json}\n")
    return 0 if all(figure.holds for figure in figures) else 1


def _measured(names: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        for figure in BENCHES[name]():
            sys.stdout.write(f"{table([figure]).splitlines()[1]}\n")
            sys.stdout.flush()
            figures.append(figure)
    return figures


if __name__ == "__main__":
    sys.exit(main())
