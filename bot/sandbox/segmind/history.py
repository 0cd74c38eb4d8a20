"""Queries of the request history: dates, filters, sorting and pages (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

from bot.sandbox.segmind import responses
from bot.sandbox.segmind.errors import ApiError
from bot.sandbox.segmind.requests import Inference

MAX_ROWS = 100
MAX_WINDOW = timedelta(days=31)
_STATUSES = ("COMPLETED", "FAILED", "PENDING")
_SORTS = ("model_created", "model_name", "credits_deduction")


@dataclass(frozen=True, slots=True)
class Query:
    """Validated parameters of a history request."""

    page: int
    per_page: int
    first: date
    last: date
    model_name: str
    status: str
    sort_by: str
    ascending: bool

    @classmethod
    def parse(cls, params: Mapping[str, str], now: float) -> "Query":
        today = datetime.fromtimestamp(now, UTC).date()
        last = _date(params, "to_date", today)
        first = _date(params, "from_date", last - timedelta(days=7))
        if not timedelta(0) <= last - first <= MAX_WINDOW:
            raise ApiError(400, "The window from from_date to to_date may span at most 31 days.")
        return cls(
            page=_number(params, "page", 1, 10**6),
            per_page=_number(params, "per_page", 20, MAX_ROWS),
            first=first,
            last=last,
            model_name=params.get("model_name", ""),
            status=_choice(params, "status", ("", *_STATUSES)),
            sort_by=_choice(params, "sort_by", _SORTS),
            ascending=_choice(params, "sort_order", ("desc", "asc")) == "asc",
        )

    def run(self, inferences: Iterable[Inference], now: float) -> dict[str, Any]:
        """Return one page as a JSON body, newest requests first by default."""
        found = [each for each in inferences if self._matches(each, now)]
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

    def _matches(self, inference: Inference, now: float) -> bool:
        return (
            inference.visible_at <= now
            and self.model_name in inference.slug
            and self.status in ("", inference.history_status())
            and self.first <= datetime.fromtimestamp(inference.submitted_at, UTC).date() <= self.last
        )


def _number(params: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= maximum):
        raise ApiError(400, f"{name} must be a number from 1 to {maximum}.")
    return int(text)


def _choice(params: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = params.get(name, choices[0])
    if chosen not in choices:
        raise ApiError(400, f"{name} must be one of {', '.join(filter(None, choices))}.")
    return chosen


def _date(params: Mapping[str, str], name: str, default: date) -> date:
    if not (text := params.get(name, "")):
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ApiError(400, f"{name} must be a date such as 2026-01-31.") from None
