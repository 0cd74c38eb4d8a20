"""An answer as it came over the wire: its JSON, the words in it, and what its status refuses (pure)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, cast

from bot.segmind.errors import (
    BadParameters,
    KeyRejected,
    ModelUnavailable,
    OutOfCredits,
    RateLimited,
    Refused,
    Unavailable,
    plain,
)

RESET_HEADER = "x-rate-limit-reset-at-utc"

OK = range(200, 300)
FOUND_ELSEWHERE = range(300, 400)
CLIENT_ERRORS = range(400, 500)
SERVER_ERRORS = range(500, 600)
NOT_FOUND, GONE, RATE_LIMITED, FAILED_STATE = 404, 410, 429, 422

# Below this a number is no time since 1970 that could lie ahead; above the second it must be milliseconds.
_EARLIEST, _MILLISECONDS = 1e9, 1e11


# Two bytes of JSON can be a value that takes a hundred bytes of memory. A page of the history has thousands.
_BEFORE_VALUES, _MOST_VALUES = (b",", b"[", b"{"), 250_000


@dataclass(frozen=True, slots=True)
class Response:
    """A status, the bytes of a body, and the headers with their names in lower case."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def json(self) -> Any:
        """The body as JSON, or None: 405 is HTML, and 502 and 504 may be anything."""
        if sum(map(self.body.count, _BEFORE_VALUES)) > _MOST_VALUES:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def fields(self) -> Mapping[str, Any]:
        """The body as an object; an empty one where it is something else."""
        return fields_of(self.json())

    def detail(self) -> str:
        """What the answer says about a failure, in one plain line."""
        said = _said(self.json(), 4)
        if said:
            return plain(said)
        text = self.body[:2000].decode(errors="replace").strip()
        if not text or text.startswith(("<", "{", "[")) or "\N{REPLACEMENT CHARACTER}" in text:
            return f"HTTP {self.status} without a word of explanation"
        return plain(text)


def fields_of(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def rows_of(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def number_of(value: Any) -> float | None:
    """A number, also where it was sent as text; never NaN, infinite, or a truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def text_of(value: Any) -> str | None:
    return plain(value) or None if isinstance(value, str) else None


def _said(value: Any, depth: int) -> str:
    """The words in an error of any form: text, `{error | detail | message | msg}`, or a list of them."""
    if depth == 0:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        said = (_said(item, depth - 1) for item in cast("list[Any]", value)[:8])
        return "; ".join(filter(None, said))
    fields = fields_of(value)
    for key in ("error", "detail", "message", "msg", "reason", "error_message"):
        if said := _said(fields.get(key), depth - 1):
            return f"{where}: {said}" if (where := _place(fields.get("loc"))) else said
    return ""


def _place(loc: Any) -> str:
    """FastAPI's `loc` is `["body", "quality"]`: the first word is no news."""
    return ".".join(str(step) for step in rows_of(loc) if step not in ("body", "query"))


def refusal(answer: Response, *, slug: str = "") -> Refused:
    """What a 4xx, or a redirect that is not followed, means."""
    detail = answer.detail()
    match answer.status:
        case 400 | 422:
            return BadParameters(detail)
        case 401 | 403:
            return KeyRejected(detail)
        case 402 | 406:
            return OutOfCredits(detail)
        case 404 | 410 if slug:
            return ModelUnavailable(slug, detail)
        case 429:
            return RateLimited(detail, reset_time(answer.headers.get(RESET_HEADER, "")))
        case _:
            return Refused(detail)


def unavailable(answer: Response) -> Unavailable:
    """Why a question about a job has no answer, from a status that is none."""
    if answer.status in CLIENT_ERRORS:
        passing = answer.status == RATE_LIMITED
        return Unavailable(cause=refusal(answer), passing=passing)
    return Unavailable(answer.detail())


def reset_time(text: str) -> float | None:
    """A POSIX time from ISO 8601, seconds or milliseconds since 1970, or a date as HTTP writes it."""
    text = text.strip()
    if (number := number_of(text)) is not None:
        seconds = number / 1000 if number >= _MILLISECONDS else number
        return seconds if seconds >= _EARLIEST else None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(re.sub(r"\s*UTC$", "", text))
            # A time without a zone is UTC: the header's name says so.
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
