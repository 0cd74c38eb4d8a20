"""Segmind's request history, which reveals the outcome of a submission without a response (pure)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.segmind.errors import Unavailable
from bot.segmind.outputs import Link, link_of
from bot.segmind.responses import NOT_FOUND, OK, Response, cost_of, fields_of, rows_of, text_of, unavailable

PER_PAGE = 100
# Segmind accepts a window of 31 days. It does not document in which time zone days begin, hence the margin.
_MAX_WINDOW = timedelta(days=28)
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """Request found in the history; `status` is Segmind's own: COMPLETED, FAILED or PENDING."""

    request_id: str
    status: str
    output: Link | None
    cost: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """Row of the history: a request, its model, and its inputs, which contain a member's URLs."""

    found: Found
    model: str | None
    inputs: Mapping[str, Any] = field(repr=False)


def date_range(since: float, until: float) -> dict[str, str]:
    """Query parameters for a range of dates, both inclusive."""
    last = datetime.fromtimestamp(until, UTC) + _MARGIN
    first = max(datetime.fromtimestamp(since, UTC) - _MARGIN, last - _MAX_WINDOW)
    return {"from_date": f"{first:%Y-%m-%d}", "to_date": f"{last:%Y-%m-%d}"}


def parse_history(response: Response, *, page: int = 1) -> list[HistoryRow]:
    """Parse one page. Skips rows without an id, as no job could adopt them."""
    if response.status == NOT_FOUND and page > 1:
        return []
    rows = _rows(response.json())
    if response.status not in OK:
        raise unavailable(response)
    if rows is None:
        raise Unavailable("the history has an unknown form")
    return [row for each in rows if (row := _row(fields_of(each))) is not None]


def parse_record(response: Response) -> Found | None:
    """Parse one request, looked up by its id; None if the history does not list it (yet)."""
    if response.status == NOT_FOUND:
        return None
    if response.status not in OK:
        raise unavailable(response)
    for fields in _nested(response.fields()):
        if (row := _row(fields)) is not None:
            return row.found
    raise Unavailable("the history record has an unknown form")


def _rows(body: Any) -> list[Any] | None:
    """Find the list of rows, bare or in any envelope that such services use."""
    if isinstance(body, list):
        return rows_of(body)
    for fields in _nested(fields_of(body)):
        for key in ("data", "results", "items", "rows", "requests", "history"):
            if isinstance(rows := fields.get(key), list):
                return rows_of(rows)
    return None


def _nested(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for _ in range(3):
        yield fields
        fields = fields_of(fields.get("data"))


def _row(fields: Mapping[str, Any]) -> HistoryRow | None:
    request_id = fields.get("request_id")
    if not isinstance(request_id, str) or not request_id.strip():
        return None
    status = text_of(fields.get("model_status")) or text_of(fields.get("status")) or ""
    return HistoryRow(
        Found(
            request_id=request_id.strip(),
            status=status.upper(),
            output=link_of(_unpacked(fields.get("generation_url"))),
            cost=cost_of(fields.get("credits_deduction")),
            error=text_of(fields.get("error")),
        ),
        text_of(fields.get("model_name")),
        fields_of(_unpacked(fields.get("request_body"))),
    )


def _unpacked(value: Any) -> Any:
    """Parse a field that holds inputs or several outputs as a string of JSON."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        return Response(200, value.encode(errors="replace")).json()
    return value
