"""What can be made to go wrong between the bot and Discord, on purpose: once, or by chance."""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass


class Refusal(Exception):
    """An answer that says no, as Discord words it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status}/{code} {message}")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Limited:
    """429; `everywhere` is the limit of the bot as a whole."""

    seconds: float
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """Discord's own trouble, or that of the proxy before it; nothing is done."""

    status: int = 502


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection breaks instead of an answer; `after` everything was done, or before."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    code: int
    message: str = "refused by the test"


@dataclass(frozen=True, slots=True)
class Late:
    """Everything goes well, only later."""

    seconds: float


Fault = Limited | Broken | Dropped | Refused | Late


@dataclass(frozen=True, slots=True)
class _Rule:
    endpoint: str
    faults: deque[Fault]
    about: Sequence[str]


class Faults:
    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)
        self._rules: list[_Rule] = []
        self._chances: list[tuple[str, Fault, float]] = []

    def next(self, endpoint: str, *faults: Fault, about: Sequence[str] = ()) -> None:
        """The next calls of the endpoint meet these, one each: those alone that name all the words."""
        self._rules.append(_Rule(endpoint, deque(faults), about))

    def by_chance(self, endpoint: str, fault: Fault, probability: float) -> None:
        """From now on, so many of the endpoint's calls meet it; `*` means all endpoints."""
        self._chances.append((endpoint, fault, probability))

    def clear(self) -> None:
        self._rules.clear()
        self._chances.clear()

    def meet(self, endpoint: str, call: str) -> Fault | None:
        for rule in self._rules:
            if rule.endpoint == endpoint and rule.faults and all(word in call for word in rule.about):
                return rule.faults.popleft()
        for where, fault, probability in self._chances:
            if where in ("*", endpoint) and self._dice.random() < probability:
                return fault
        return None
