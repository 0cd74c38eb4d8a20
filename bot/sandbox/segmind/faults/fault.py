"""Deliberate faults of the local Segmind, and the text that they are written in (pure)."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any
from urllib.parse import unquote


class FaultKind(StrEnum):
    """Kinds of faults. Some take a value, the text after `=`."""

    LATENCY = "latency"
    """Value: the seconds before the request is handled."""
    BAD_KEY = "bad-key"
    """401."""
    FORBIDDEN = "forbidden"
    """403."""
    UNKNOWN_MODEL = "unknown-model"
    """404."""
    NO_CREDITS = "no-credits"
    """406."""
    RETIRED = "retired"
    """410."""
    RATE_LIMIT = "rate-limit"
    """429. Value: the seconds until the reset."""
    BARE_RATE_LIMIT = "bare-rate-limit"
    """429 without a header that names the reset."""
    ERROR_BEFORE = "error-before"
    """Nothing is done. Value: the status, from 400 to 599."""
    ERROR_AFTER = "error-after"
    """The request is accepted and billed, but answered with an error. Value: the status, from 400 to 599."""
    DROP_BEFORE = "drop-before"
    """The connection breaks before the request is handled."""
    DROP_AFTER = "drop-after"
    """The request is handled and the connection breaks before the response."""
    MALFORMED = "malformed"
    """A complete response that is not JSON."""
    TRUNCATED = "truncated"
    """A response that ends in the middle."""
    EXPIRED = "expired"
    """The request, or the file, is forgotten from now on."""
    FAILED = "failed"
    """The request becomes FAILED. Value: its error text."""
    BLOCKED = "blocked"
    """The request becomes FAILED for its content. Value: its error text."""
    LENIENT = "lenient"
    """An invalid body is accepted and the request becomes FAILED."""
    SLOW = "slow"
    """The request takes longer than usual. Value: the factor."""
    STUCK = "stuck"
    """PROCESSING forever."""
    HISTORY_DELAY = "history-delay"
    """The history shows the request late. Value: the seconds until then."""
    COST = "cost"
    """The response names another cost than the real one. Value: a number, NaN or a text."""
    SHUFFLED = "shuffled"
    """The rows of the history come in a random order."""
    STRIPPED = "stripped"
    """The inputs in the history have lost the queries of their URLs."""
    SHAPE = "shape"
    """The output has another shape than a URL. Value: documented, listed or nested."""


ERROR_STATUSES = range(400, 600)
_ERRORS = frozenset({FaultKind.ERROR_BEFORE, FaultKind.ERROR_AFTER})
_NUMBERS = {
    FaultKind.LATENCY: 1.0,
    FaultKind.RATE_LIMIT: 30.0,
    FaultKind.ERROR_BEFORE: 500.0,
    FaultKind.ERROR_AFTER: 502.0,
    FaultKind.SLOW: 3.0,
    FaultKind.HISTORY_DELAY: 10.0,
}
_TEXTS = {
    FaultKind.FAILED: "The model could not process this request.",
    FaultKind.BLOCKED: "Content blocked by Responsible AI (RAI) policy: the request was rejected.",
    FaultKind.COST: "-1",
    FaultKind.SHAPE: "documented",
}
SHAPES = ("documented", "listed", "nested")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, written as in headers and settings: `Fault("latency=2")`, or `latency=1..5` for a range."""

    spec: str

    def __post_init__(self) -> None:
        kind, value = self.kind, self._value
        if kind in _NUMBERS:
            self._range()
        elif value and kind not in _TEXTS:
            raise ValueError(f"{kind} takes no value")
        if kind is FaultKind.SHAPE and self.text not in SHAPES:
            raise ValueError(f"{kind} takes {', '.join(SHAPES)}")

    @property
    def kind(self) -> FaultKind:
        return FaultKind(self.spec.partition("=")[0].strip())

    @property
    def number(self) -> float:
        return self._range()[0]

    @property
    def text(self) -> str:
        return self._value or _TEXTS[self.kind]

    @property
    def json(self) -> Any:
        """The text as JSON, which includes NaN, or as a string if it is no JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text

    def drawn(self, dice: random.Random) -> "Fault":
        """Return the fault with one number out of its range."""
        if self.kind not in _NUMBERS or ".." not in self._value:
            return self
        return Fault(f"{self.kind}={dice.uniform(*self._range())}")

    @property
    def _value(self) -> str:
        return unquote(self.spec.partition("=")[2].strip())

    def _range(self) -> tuple[float, float]:
        first, _, last = (self._value or str(_NUMBERS[self.kind])).partition("..")
        low, high = float(first), float(last or first)
        if not (isfinite(low) and isfinite(high) and 0 <= low <= high):
            raise ValueError(f"{self.kind} takes a positive number, or two with .. between them")
        if self.kind in _ERRORS and not (low == high and low in ERROR_STATUSES):
            raise ValueError(f"{self.kind} takes a status from 400 to 599")
        return low, high


class CallFaults:
    """Faults that apply to one call, by kind."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._by_kind = {fault.kind: fault for fault in faults}

    def __bool__(self) -> bool:
        return bool(self._by_kind)

    def __contains__(self, kind: FaultKind) -> bool:
        return kind in self._by_kind

    def get(self, kind: FaultKind) -> Fault | None:
        return self._by_kind.get(kind)

    def number(self, kind: FaultKind, default: float) -> float:
        fault = self.get(kind)
        return default if fault is None else fault.number
