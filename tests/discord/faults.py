"""Deliberate faults between the bot and Discord: once, or by probability."""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


class DiscordError(Exception):
    """An error response, as Discord words it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code} {message}")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Limited:
    """429; `everywhere` is the global limit."""

    seconds: float
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A server error of Discord or its proxy; the call is not handled."""

    status: int = 502


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection breaks, before or after the call is handled."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """The given error response; the call is not handled."""

    status: int
    code: int
    message: str = "refused by the test"


@dataclass(frozen=True, slots=True)
class Late:
    """The call is handled after a delay; with `after`, at once, and only its response is late."""

    seconds: float
    after: bool = False


Fault = Limited | Broken | Dropped | ErrorReply | Late


@dataclass(frozen=True, slots=True)
class _Rule:
    endpoint: str
    faults: deque[Fault]
    about: Sequence[str]


class Faults:
    """Fault script: queues for the next calls, and probabilities for all calls."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)
        self._rules: list[_Rule] = []
        self._chances: list[tuple[str, Fault, float]] = []

    def next(self, endpoint: str, *faults: Fault, about: Sequence[str] = ()) -> None:
        """Apply one fault to each next call of the endpoint that contains all words in `about`."""
        self._rules.append(_Rule(endpoint, deque(faults), about))

    def by_chance(self, endpoint: str, fault: Fault, probability: float) -> None:
        """Apply the fault to calls of the endpoint with this probability; `*` is every endpoint."""
        self._chances.append((endpoint, fault, probability))

    def clear(self) -> None:
        self._rules.clear()
        self._chances.clear()

    def draw(self, endpoint: str, call: str) -> Fault | None:
        for rule in self._rules:
            if rule.endpoint == endpoint and rule.faults and all(word in call for word in rule.about):
                return rule.faults.popleft()
        for where, fault, probability in self._chances:
            if where in ("*", endpoint) and self._dice.random() < probability:
                return fault
        return None
