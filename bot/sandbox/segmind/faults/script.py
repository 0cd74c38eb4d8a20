"""Fault script: once, always, by probability, by a request header or by a line of text."""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Self, get_args

from bot.sandbox.segmind.faults.fault import CallFaults, Fault, FaultKind

FAULT_HEADER = "x-doppel-fault"

Endpoint = Literal[
    "submit", "sync", "status", "result", "upload", "history", "record", "credits", "catalogue", "file"
]
Where = Endpoint | Literal["*"]
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)


@dataclass(frozen=True, slots=True)
class _Rule:
    where: Where
    faults: tuple[Fault, ...]
    probability: float


class Faults:
    """Fault script: a queue for each endpoint, and rules that apply until they are cleared."""

    def __init__(self, seed: int = 0) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a chaos run must be repeatable, not unpredictable.
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
        asked = (*self._ruled(endpoint), *self._queued(endpoint), *_parse(_split(header)))
        drawn = [fault.drawn(self.dice) for fault in asked]
        self.counts.update((endpoint, fault.kind) for fault in drawn)
        return CallFaults(drawn)

    def _queued(self, endpoint: Endpoint) -> tuple[Fault, ...]:
        queue = self._queues.get(endpoint)
        return queue.popleft() if queue else ()

    def _ruled(self, endpoint: Endpoint) -> Iterator[Fault]:
        for rule in self._rules:
            if rule.where in ("*", endpoint) and self.dice.random() < rule.probability:
                yield from rule.faults


def _split(header: str) -> list[str]:
    return [part for part in header.split(",") if part.strip()]


def _parse(faults: Iterable[Fault | str]) -> tuple[Fault, ...]:
    return tuple(Fault(each.strip()) if isinstance(each, str) else each for each in faults)


def _validated(where: str) -> Where:
    if where != "*" and where not in ENDPOINTS:
        raise ValueError(f"there is no endpoint {where!r}: {', '.join(ENDPOINTS)} or *")
    return where
