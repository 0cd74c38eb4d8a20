"""What can be made to go wrong, on purpose: once, always, by chance, by a header or by a line of text."""

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


class Trouble(StrEnum):
    """The names of the faults; behind `=` stands what they take."""

    LATENCY = "latency"
    """=seconds before the request is looked at."""
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
    """=status: everything is done, accepted and billed, and the answer says otherwise."""
    DROP_BEFORE = "drop-before"
    """The connection breaks and nothing is done."""
    DROP_AFTER = "drop-after"
    """Everything is done and the connection breaks instead of an answer."""
    MALFORMED = "malformed"
    """A whole answer that is no JSON."""
    TRUNCATED = "truncated"
    """An answer that ends in the middle."""
    EXPIRED = "expired"
    """The request is forgotten from now on."""
    FAILED = "failed"
    """=text of a FAILED request."""
    BLOCKED = "blocked"
    """=text of a request that is FAILED for what it shows."""
    LENIENT = "lenient"
    """An invalid body is accepted, and turns FAILED."""
    SLOW = "slow"
    """=how many times longer than usual."""
    STUCK = "stuck"
    """PROCESSING forever."""
    HISTORY_DELAY = "history-delay"
    """=seconds until the history shows the request."""


_NUMBERS = {
    Trouble.LATENCY: 1.0,
    Trouble.RATE_LIMIT: 30.0,
    Trouble.ERROR_BEFORE: 500.0,
    Trouble.ERROR_AFTER: 502.0,
    Trouble.SLOW: 3.0,
    Trouble.HISTORY_DELAY: 10.0,
}
_TEXTS = {
    Trouble.FAILED: "The model could not process this request.",
    Trouble.BLOCKED: "Content blocked by Responsible AI (RAI) policy: the request was rejected.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; `Fault("latency=2")` says it in a word, as headers and settings do."""

    said: str

    def __post_init__(self) -> None:
        trouble, value = self.trouble, self._value
        if trouble in _NUMBERS:
            self._checked_number()
        elif value and trouble not in _TEXTS:
            raise ValueError(f"{trouble} takes no value")

    @property
    def trouble(self) -> Trouble:
        return Trouble(self.said.partition("=")[0].strip())

    @property
    def number(self) -> float:
        return self._checked_number()

    @property
    def text(self) -> str:
        return self._value or _TEXTS[self.trouble]

    @property
    def _value(self) -> str:
        return unquote(self.said.partition("=")[2].strip())

    def _checked_number(self) -> float:
        number = float(self._value or _NUMBERS[self.trouble])
        if not isfinite(number) or number < 0:
            raise ValueError(f"{self.trouble} takes a positive number")
        return number


class Plight:
    """All that goes wrong with one call."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._by_trouble = {fault.trouble: fault for fault in faults}

    def __bool__(self) -> bool:
        return bool(self._by_trouble)

    def __contains__(self, trouble: Trouble) -> bool:
        return trouble in self._by_trouble

    def get(self, trouble: Trouble) -> Fault | None:
        return self._by_trouble.get(trouble)

    def number(self, trouble: Trouble, otherwise: float) -> float:
        fault = self.get(trouble)
        return otherwise if fault is None else fault.number


@dataclass(frozen=True, slots=True)
class _Rule:
    where: Where
    faults: tuple[Fault, ...]
    probability: float


class Faults:
    """The script: a queue per endpoint, and rules that hold until they are cleared."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a storm must be repeatable, not unpredictable.
        self._queues: defaultdict[Endpoint, deque[tuple[Fault, ...]]] = defaultdict(deque)
        self._rules: list[_Rule] = []
        self.met: Counter[tuple[Endpoint, Trouble]] = Counter()
        """How often each endpoint met each trouble."""

    @classmethod
    def described(cls, text: str, seed: int = 0) -> Self:
        faults = cls(seed)
        faults.describe(text)
        return faults

    def describe(self, text: str) -> None:
        """Rules in one line: `submit: error-after=502 @ 0.1; status: latency=0.5, malformed; *: latency`."""
        for part in filter(None, map(str.strip, text.split(";"))):
            where, _, rest = part.partition(":")
            said, _, probability = rest.partition("@")
            self.always(_checked(where.strip()), *said.split(","), probability=float(probability or 1))

    def next(self, endpoint: Endpoint, *faults: Fault | str, times: int = 1) -> None:
        """The next call of the endpoint meets these; given none, that call goes well."""
        _checked(endpoint)
        self._queues[endpoint].extend([_read(faults)] * times)

    def always(self, where: Where, *faults: Fault | str, probability: float = 1.0) -> None:
        """From now on, every call meets these, by chance where the probability is below 1."""
        if not 0 <= probability <= 1:
            raise ValueError(f"{probability} is no probability")
        self._rules.append(_Rule(_checked(where), _read(faults), probability))

    def clear(self) -> None:
        self._queues.clear()
        self._rules.clear()

    def meet(self, endpoint: Endpoint, header: str = "") -> Plight:
        """What goes wrong with the call that comes in; raises ValueError for a header that says nothing."""
        if not header and not self._rules and not self._queues:
            return Plight()
        met = (*self._ruled(endpoint), *self._queued(endpoint), *_read(_parts(header)))
        self.met.update((endpoint, fault.trouble) for fault in met)
        return Plight(met)

    def _queued(self, endpoint: Endpoint) -> tuple[Fault, ...]:
        queue = self._queues.get(endpoint)
        return queue.popleft() if queue else ()

    def _ruled(self, endpoint: Endpoint) -> Iterator[Fault]:
        for rule in self._rules:
            if rule.where in ("*", endpoint) and self._dice.random() < rule.probability:
                yield from rule.faults


def _parts(header: str) -> list[str]:
    return [part for part in header.split(",") if part.strip()]


def _read(faults: Iterable[Fault | str]) -> tuple[Fault, ...]:
    return tuple(Fault(each.strip()) if isinstance(each, str) else each for each in faults)


def _checked(where: str) -> Where:
    if where != "*" and where not in ENDPOINTS:
        raise ValueError(f"there is no endpoint {where!r}: {', '.join(ENDPOINTS)} or *")
    return where
