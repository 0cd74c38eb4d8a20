"""Figures with their goals, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its goal."""

    name: str
    value: float
    unit: str
    goal: str
    holds: bool


def at_most(name: str, value: float, unit: str, bound: float) -> Figure:
    return Figure(name, value, unit, f"≤ {bound:g}", value <= bound)


def at_least(name: str, value: float, unit: str, bound: float) -> Figure:
    return Figure(name, value, unit, f"≥ {bound:g}", value >= bound)


def plain(name: str, value: float, unit: str) -> Figure:
    """Return a figure without a goal."""
    return Figure(name, value, unit, "", True)


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "value", "unit", "goal", "holds"), *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def save(figures: Sequence[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2, ensure_ascii=False) + "\n")


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = ("yes" if figure.holds else "NO") if figure.goal else ""
    return figure.name, f"{figure.value:,.4g}", figure.unit, figure.goal, verdict


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, value, *others = (
        cell.rjust(width) if column == 1 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([name, value, *others]).rstrip()
