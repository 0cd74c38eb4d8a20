"""Segmind's request history: the window, the filters and the pages of a query (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

from bot.sandbox.segmind import responses
from bot.sandbox.segmind.errors import Refusal
from bot.sandbox.segmind.requests import Inference

MOST_ROWS = 100
LONGEST = timedelta(days=31)
_STATUSES = ("COMPLETED", "FAILED", "PENDING")
_SORTS = ("model_created", "model_name", "credits_deduction")


@dataclass(frozen=True, slots=True)
class Query:
    page: int
    per_page: int
    first: date
    last: date
    model_name: str
    status: str
    sort_by: str
    ascending: bool

    @classmethod
    def read(cls, params: Mapping[str, str], now: float) -> "Query":
        today = datetime.fromtimestamp(now, UTC).date()
        last = _date(params, "to_date", today)
        first = _date(params, "from_date", last - timedelta(days=7))
        if not timedelta(0) <= last - first <= LONGEST:
            raise Refusal(400, "The window from from_date to to_date may span at most 31 days.")
        return cls(
            page=_number(params, "page", 1, 10**6),
            per_page=_number(params, "per_page", 20, MOST_ROWS),
            first=first,
            last=last,
            model_name=params.get("model_name", ""),
            status=_choice(params, "status", ("", *_STATUSES)),
            sort_by=_choice(params, "sort_by", _SORTS),
            ascending=_choice(params, "sort_order", ("desc", "asc")) == "asc",
        )

    def answer(self, inferences: Iterable[Inference], now: float) -> dict[str, Any]:
        """One page; the newest come first unless something else is asked for."""
        found = [each for each in inferences if self._takes(each, now)]
        if self.sort_by == "model_name":
            found.sort(key=lambda each: each.slug)
        elif self.sort_by == "credits_deduction":
            found.sort(key=lambda each: each.usd)
        if not self.ascending:
            found.reverse()
        start = (self.page - 1) * self.per_page
        rows = [responses.row(each) for each in found[start : start + self.per_page]]
        return {
            "data": rows,
            "page": self.page,
            "per_page": self.per_page,
            "total": len(found),
            "total_pages": ceil(len(found) / self.per_page),
        }

    def _takes(self, inference: Inference, now: float) -> bool:
        return (
            inference.visible_at <= now
            and self.model_name in inference.slug
            and self.status in ("", inference.history_status())
            and self.first <= datetime.fromtimestamp(inference.submitted_at, UTC).date() <= self.last
        )


def _number(params: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    text = params.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Refusal(400, f"{name} must be a number from 1 to {most}.")
    return int(text)


def _choice(params: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = params.get(name, choices[0])
    if chosen not in choices:
        raise Refusal(400, f"{name} must be one of {', '.join(filter(None, choices))}.")
    return chosen


def _date(params: Mapping[str, str], name: str, otherwise: date) -> date:
    if not (text := params.get(name, "")):
        return otherwise
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"{name} must be a date such as 2026-01-31.") from None
