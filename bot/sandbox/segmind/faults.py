"""Deliberate faults: once, always, by probability, by a request header or by a line of text."""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Literal, Self, get_args
from urllib.parse import unquote

FAULT_HEADER = "x-doppel-fault"

Endpoint = Literal[
    "submit", "sync", "status", "result", "upload", "history", "record", "credits", "catalogue", "file"
]
Where = Endpoint | Literal["*"]
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)


class FaultKind(StrEnum):
    """Kinds of faults. Text after `=` is the kind's value."""

    LATENCY = "latency"
    """=seconds before the request is handled."""
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
    """=seconds until the reset: 429."""
    ERROR_BEFORE = "error-before"
    """=status (500, 502, 504): nothing is done."""
    ERROR_AFTER = "error-after"
    """=status: the request is accepted and billed, but the response is an error."""
    DROP_BEFORE = "drop-before"
    """The connection breaks before the request is handled."""
    DROP_AFTER = "drop-after"
    """The request is handled and the connection breaks before the response."""
    MALFORMED = "malformed"
    """A complete response that is not JSON."""
    TRUNCATED = "truncated"
    """A response that ends in the middle."""
    EXPIRED = "expired"
    """The request is forgotten from now on."""
    FAILED = "failed"
    """=text of a FAILED request."""
    BLOCKED = "blocked"
    """=text of a request that is FAILED for its content."""
    LENIENT = "lenient"
    """An invalid body is accepted and the request becomes FAILED."""
    SLOW = "slow"
    """=factor on the usual duration."""
    STUCK = "stuck"
    """PROCESSING forever."""
    HISTORY_DELAY = "history-delay"
    """=seconds until the history shows the request."""


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
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, written as in headers and settings: `Fault("latency=2")`."""

    spec: str

    def __post_init__(self) -> None:
        kind, value = self.kind, self._value
        if kind in _NUMBERS:
            self._checked_number()
        elif value and kind not in _TEXTS:
            raise ValueError(f"{kind} takes no value")

    @property
    def kind(self) -> FaultKind:
        return FaultKind(self.spec.partition("=")[0].strip())

    @property
    def number(self) -> float:
        return self._checked_number()

    @property
    def text(self) -> str:
        return self._value or _TEXTS[self.kind]

    @property
    def _value(self) -> str:
        return unquote(self.spec.partition("=")[2].strip())

    def _checked_number(self) -> float:
        number = float(self._value or _NUMBERS[self.kind])
        if not isfinite(number) or number < 0:
            raise ValueError(f"{self.kind} takes a positive number")
        return number


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


@dataclass(frozen=True, slots=True)
class _Rule:
    where: Where
    faults: tuple[Fault, ...]
    probability: float


class Faults:
    """Fault script: a queue for each endpoint, and rules that apply until they are cleared."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a chaos run must be repeatable, not unpredictable.
        self._queues: defaultdict[Endpoint, deque[tuple[Fault, ...]]] = defaultdict(deque)
        self._rules: list[_Rule] = []
        self.counts: Counter[tuple[Endpoint, FaultKind]] = Counter()
        """How often each fault occurred at each endpoint."""

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Self:
        faults = cls(seed)
        faults.add_rules(text)
        return faults

    def add_rules(self, text: str) -> None:
        """Add rules: `submit: error-after=502 @ 0.1; status: latency=0.5, malformed; *: latency`."""
        for part in filter(None, map(str.strip, text.split(";"))):
            where, _, rest = part.partition(":")
            faults, _, probability = rest.partition("@")
            self.always(_validated(where.strip()), *faults.split(","), probability=float(probability or 1))

    def next(self, endpoint: Endpoint, *faults: Fault | str, times: int = 1) -> None:
        """Apply these faults to the endpoint's next call; without faults, that call succeeds."""
        _validated(endpoint)
        self._queues[endpoint].extend([_parse(faults)] * times)

    def always(self, where: Where, *faults: Fault | str, probability: float = 1.0) -> None:
        """Apply these faults to every call from now on, each call with this probability."""
        if not 0 <= probability <= 1:
            raise ValueError(f"{probability} is not a probability")
        self._rules.append(_Rule(_validated(where), _parse(faults), probability))

    def clear(self) -> None:
        self._queues.clear()
        self._rules.clear()

    def draw(self, endpoint: Endpoint, header: str = "") -> CallFaults:
        """Return the faults of a call and use up its queue entry; raises ValueError for an invalid header."""
        if not header and not self._rules and not self._queues:
            return CallFaults()
        drawn = (*self._ruled(endpoint), *self._queued(endpoint), *_parse(_split(header)))
        self.counts.update((endpoint, fault.kind) for fault in drawn)
        return CallFaults(drawn)

    def _queued(self, endpoint: Endpoint) -> tuple[Fault, ...]:
        queue = self._queues.get(endpoint)
        return queue.popleft() if queue else ()

    def _ruled(self, endpoint: Endpoint) -> Iterator[Fault]:
        for rule in self._rules:
            if rule.where in ("*", endpoint) and self._dice.random() < rule.probability:
                yield from rule.faults


def _split(header: str) -> list[str]:
    return [part for part in header.split(",") if part.strip()]


def _parse(faults: Iterable[Fault | str]) -> tuple[Fault, ...]:
    return tuple(Fault(each.strip()) if isinstance(each, str) else each for each in faults)


def _validated(where: str) -> Where:
    if where != "*" and where not in ENDPOINTS:
        raise ValueError(f"there is no endpoint {where!r}: {', '.join(ENDPOINTS)} or *")
    return where
