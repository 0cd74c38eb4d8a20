"""Segmind's request history: where a submission of unknown outcome is found again (pure)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.segmind.errors import Unavailable
from bot.segmind.outputs import Link, link_of
from bot.segmind.responses import NOT_FOUND, OK, Response, fields_of, number_of, rows_of, text_of, unavailable

PER_PAGE = 100
# A window may span 31 days; it is widened by a day on both sides, for nobody says whose midnight counts.
_LONGEST = timedelta(days=28)
_MARGIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """One request as the history tells it; `status` is Segmind's word: COMPLETED, FAILED or PENDING."""

    request_id: str
    status: str
    output: Link | None
    cost: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A request and what it was sent with. The inputs hold a member's addresses: they are never shown."""

    found: Found
    inputs: str

    def __repr__(self) -> str:
        return f"Row({self.found!r})"


def window(since: float, until: float) -> dict[str, str]:
    """The dates to ask for, both inclusive."""
    last = datetime.fromtimestamp(until, UTC) + _MARGIN
    first = max(datetime.fromtimestamp(since, UTC) - _MARGIN, last - _LONGEST)
    return {"from_date": f"{first:%Y-%m-%d}", "to_date": f"{last:%Y-%m-%d}"}


def decipher_history(answer: Response, *, page: int = 1) -> list[Row]:
    """One page. A row that lacks its id is skipped: it could not be adopted anyway."""
    if answer.status == NOT_FOUND and page > 1:
        return []
    rows = _rows(answer.json())
    if answer.status not in OK:
        raise unavailable(answer)
    if rows is None:
        raise Unavailable("the history came in no known form")
    return [row for each in rows if (row := _row(fields_of(each))) is not None]


def decipher_record(answer: Response) -> Found | None:
    """One request by its id; None where the history does not know it (yet)."""
    if answer.status == NOT_FOUND:
        return None
    if answer.status not in OK:
        raise unavailable(answer)
    for fields in _nested(answer.fields()):
        if (row := _row(fields)) is not None:
            return row.found
    raise Unavailable("the record came in no known form")


def _rows(body: Any) -> list[Any] | None:
    """The list of rows, bare or in any of the envelopes that such services use."""
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


def _row(fields: Mapping[str, Any]) -> Row | None:
    request_id = fields.get("request_id")
    if not isinstance(request_id, str) or not request_id.strip():
        return None
    status = text_of(fields.get("model_status")) or text_of(fields.get("status")) or ""
    inputs = fields.get("request_body")
    return Row(
        Found(
            request_id=request_id.strip(),
            status=status.upper(),
            output=link_of(_unpacked(fields.get("generation_url"))),
            cost=number_of(fields.get("credits_deduction")),
            error=text_of(fields.get("error")),
        ),
        inputs if isinstance(inputs, str) else json.dumps(inputs, ensure_ascii=False),
    )


def _unpacked(value: Any) -> Any:
    """Several outputs may stand in one field, as JSON in a text."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        return Response(200, value.encode(errors="replace")).json()
    return value
