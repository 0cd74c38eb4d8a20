"""HTTP responses of Segmind: their JSON, their error messages, and the errors they stand for (pure)."""

import json
import re
from collections.abc import Mapping, Sequence
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
    sanitize,
)

RESET_HEADER = "x-rate-limit-reset-at-utc"
# Segmind documents no such headers, and services that send them differ in their names.
_LIMIT_HEADERS = ("x-rate-limit-limit", "x-ratelimit-limit", "ratelimit-limit")
_REMAINING_HEADERS = ("x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining")

OK = range(200, 300)
CLIENT_ERRORS = range(400, 500)
# Codes by which Segmind refuses a submission before it accepts anything. A proxy may send any other code when
# the request has already reached Segmind, so those leave the outcome unknown.
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 422, 429})
# USD. The dearest known model costs less than a dollar; a cost beyond this would break the ledger's sums.
MAX_COST = 1000.0
SERVER_ERRORS = range(500, 600)
NOT_FOUND, GONE, RATE_LIMITED, FAILED_STATE = 404, 410, 429, 422

_COUNT = re.compile(r"[0-9]{1,9}")

# A smaller number is no POSIX time of this century; from the second on, it must be milliseconds.
_MIN_SECONDS, _MIN_MILLISECONDS = 1e9, 1e11

# Two bytes of JSON can become a value of a hundred bytes of memory. A page of the history has thousands.
_VALUE_STARTS, _MAX_VALUES = (b",", b"[", b"{"), 250_000


@dataclass(frozen=True, slots=True)
class Response:
    """Response to one request: status, body, and headers with lower-case names."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def rate_limit(self) -> int | None:
        """Requests a minute that the key may make, where Segmind states them."""
        return self._count_of(_LIMIT_HEADERS) or None

    @property
    def requests_remaining(self) -> int | None:
        """Requests left until the reset, where Segmind states them."""
        return self._count_of(_REMAINING_HEADERS)

    @property
    def rate_reset(self) -> float | None:
        """POSIX time from which the key may make requests again, where Segmind states it."""
        header = self.headers.get(RESET_HEADER)
        return None if header is None else reset_time(header)

    def _count_of(self, names: Sequence[str]) -> int | None:
        texts = (self.headers[name].strip() for name in names if name in self.headers)
        return next((int(text) for text in texts if _COUNT.fullmatch(text)), None)

    def json(self) -> Any:
        """Body as JSON, or None: 405 comes as HTML, and 502 and 504 may be anything."""
        if sum(map(self.body.count, _VALUE_STARTS)) > _MAX_VALUES:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def fields(self) -> Mapping[str, Any]:
        """Body as an object; empty if it is anything else."""
        return fields_of(self.json())

    def detail(self) -> str:
        """Error message in the body, in one sanitized line."""
        if message := _error_message(self.json(), 4):
            return sanitize(message)
        text = self.body[:2000].decode(errors="replace").strip()
        if not text or text.startswith(("<", "{", "[")) or "\N{REPLACEMENT CHARACTER}" in text:
            return f"HTTP {self.status} without an error message"
        return sanitize(text)


def fields_of(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def rows_of(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def number_of(value: Any) -> float | None:
    """Finite number, sent as a number or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def cost_of(value: Any) -> float | None:
    """Cost of one request in USD, or None if it is no plausible price: negative, or beyond any model's."""
    cost = number_of(value)
    return cost if cost is not None and 0 <= cost <= MAX_COST else None


def text_of(value: Any) -> str | None:
    return sanitize(value) or None if isinstance(value, str) else None


def _error_message(value: Any, depth: int) -> str:
    """Message of an error in any form: text, `{error | detail | message | msg}`, or a list of them."""
    if depth == 0:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        messages = (_error_message(item, depth - 1) for item in cast("list[Any]", value)[:8])
        return "; ".join(filter(None, messages))
    fields = fields_of(value)
    for key in ("error", "detail", "message", "msg", "reason", "error_message"):
        if message := _error_message(fields.get(key), depth - 1):
            return f"{path}: {message}" if (path := _field_path(fields.get("loc"))) else message
    return ""


def _field_path(loc: Any) -> str:
    """Path of a field in FastAPI's `loc`, such as `["body", "quality"]`, without its constant first step."""
    return ".".join(str(step) for step in rows_of(loc) if step not in ("body", "query"))


def refused(response: Response, *, slug: str = "") -> Refused:
    """The error that a 4xx, or a redirect that the client does not follow, stands for."""
    detail = response.detail()
    match response.status:
        case 400 | 422:
            return BadParameters(detail)
        case 401 | 403:
            return KeyRejected(detail)
        case 402 | 406:
            return OutOfCredits(detail)
        case 404 | 410 if slug:
            return ModelUnavailable(slug, detail)
        case 429:
            return RateLimited(detail, response.rate_reset)
        case _:
            return Refused(detail)


def unavailable(response: Response) -> Unavailable:
    """The error of a request about a job whose response carries no state."""
    if response.status in CLIENT_ERRORS:
        return Unavailable(cause=refused(response), transient=response.status == RATE_LIMITED)
    return Unavailable(response.detail())


def reset_time(text: str) -> float | None:
    """Parse a POSIX time from ISO 8601, from seconds or milliseconds since 1970, or from an HTTP date."""
    text = text.strip()
    if (number := number_of(text)) is not None:
        seconds = number / 1000 if number >= _MIN_MILLISECONDS else number
        return seconds if seconds >= _MIN_SECONDS else None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(re.sub(r"\s*UTC$", "", text))
            # The header's name says that its time is in UTC.
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None
