"""Report that compares charged credits with costs, as a table, CSV or JSON."""

import csv
import io
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Self, TypeVar

from bot.ledger.ledger import Spending

K = TypeVar("K", bound=Hashable)

DIRECT = "direct messages"
_HEADINGS = ("jobs", "charged", "given back", "worth", "cost", "margin", "", "cost unknown")


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over several rows of spending."""

    jobs: int = 0
    charged: int = 0
    """Credits."""
    given_back: int = 0
    usd: float = 0.0
    """Cost of the jobs for which Segmind reported one."""
    presumed: float = 0.0
    """Expected cost of the jobs of unknown cost."""
    unknown: int = 0
    late: int = 0

    @classmethod
    def of(cls, spending: Iterable[Spending]) -> Self:
        rows = list(spending)
        return cls(
            jobs=sum(row.jobs for row in rows),
            charged=sum(row.credits for row in rows),
            given_back=sum(row.refunded for row in rows),
            usd=sum(row.usd for row in rows),
            presumed=sum(row.presumed for row in rows),
            unknown=sum(row.unknown for row in rows),
            late=sum(row.late for row in rows),
        )

    def worth(self, credit_usd: float) -> float:
        return (self.charged - self.given_back) * credit_usd

    @property
    def cost(self) -> float:
        return self.usd + self.presumed

    def margin(self, credit_usd: float) -> float:
        return self.worth(credit_usd) - self.cost

    def facts(self, credit_usd: float) -> dict[str, Any]:
        return {
            "jobs": self.jobs,
            "charged": self.charged,
            "given_back": self.given_back,
            "worth_usd": _exact(self.worth(credit_usd)),
            "cost_usd": _exact(self.usd),
            "presumed_usd": _exact(self.presumed),
            "margin_usd": _exact(self.margin(credit_usd)),
            "cost_unknown": self.unknown,
            "turned_up_late": self.late,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Spending of a period, grouped by model, server and day."""

    spending: Sequence[Spending]
    since: float
    until: float
    credit_usd: float
    """Value of one credit."""

    def table(self) -> str:
        sections = [
            ("model", self._grouped_by(lambda row: row.slug)),
            ("server", self._grouped_by(_server)),
            ("day (UTC)", self._grouped_by(_day)),
            ("in all", {"": Totals.of(self.spending)}),
        ]
        tables = [
            [(heading, *_HEADINGS), *((name, *self._cells(totals)) for name, totals in groups.items())]
            for heading, groups in sections
        ]
        # Every section uses the same widths, so that the columns line up.
        widths = [max(map(len, cells)) for cells in zip(*chain(*tables), strict=True)]
        blocks = [f"{date(self.since)} to {date(self.until - 1)}, one credit worth ${self.credit_usd:g}"]
        blocks += ["\n".join(_table_row(cells, widths) for cells in rows) for rows in tables]
        if presumed := sum(row.presumed for row in self.spending):
            blocks.append(
                f"The cost holds ${presumed:,.2f} for the jobs of unknown cost, as was expected of them."
            )
        if late := sum(row.late for row in self.spending):
            blocks.append(
                f"{late} {'order' if late == 1 else 'orders'} turned up at Segmind after the credits had gone"
                " back; what that cost is counted above."
            )
        return "\n\n".join(blocks)

    def csv(self) -> str:
        file = io.StringIO()
        rows = self._rows()
        names = list(rows[0]) if rows else ["day", "server", "model", *Totals().facts(0)]
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return file.getvalue().rstrip("\n")

    def json(self) -> str:
        report = {
            "since": date(self.since),
            "until": date(self.until - 1),
            "credit_usd": self.credit_usd,
            "rows": self._rows(),
            "models": self._facts(lambda row: row.slug),
            "servers": self._facts(_server),
            "days": self._facts(_day),
            "total": Totals.of(self.spending).facts(self.credit_usd),
        }
        return json.dumps(report, indent=2)

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"day": _day(row), "server": row.guild_id, "model": row.slug}
            | Totals.of([row]).facts(self.credit_usd)
            for row in self.spending
        ]

    def _facts(self, key: Callable[[Spending], str]) -> Mapping[str, Mapping[str, Any]]:
        return {name: totals.facts(self.credit_usd) for name, totals in self._grouped_by(key).items()}

    def _grouped_by(self, key: Callable[[Spending], K]) -> dict[K, Totals]:
        groups: dict[K, list[Spending]] = {}
        for row in self.spending:
            groups.setdefault(key(row), []).append(row)
        return {name: Totals.of(rows) for name, rows in groups.items()}

    def _cells(self, totals: Totals) -> Sequence[str]:
        worth, margin = totals.worth(self.credit_usd), totals.margin(self.credit_usd)
        return (
            f"{totals.jobs:,}",
            f"{totals.charged:,}",
            f"{totals.given_back:,}",
            _dollars(worth),
            _dollars(totals.cost),
            _dollars(margin),
            f"{margin / worth:.0%}" if worth > 0 else "",
            f"{totals.unknown:,}",
        )


def date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _server(row: Spending) -> str:
    return DIRECT if row.guild_id is None else str(row.guild_id)


def _day(row: Spending) -> str:
    return date(row.day)


def _table_row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = zip(cells, widths, strict=True)
    return "   ".join([f"{name[0]:<{name[1]}}", *(f"{cell:>{width}}" for cell, width in numbers)]).rstrip()


def _dollars(usd: float) -> str:
    return f"{'-' if round(usd, 2) < 0 else ''}${abs(usd):,.2f}"


def _exact(usd: float) -> float:
    # Sums of binary fractions are inexact; the ledger counts in millionths of a dollar.
    return round(usd, 6)
