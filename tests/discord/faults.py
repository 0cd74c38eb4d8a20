"""What can be made to go wrong between the bot and Discord, on purpose."""

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


Fault = Limited | Broken | Dropped | Refused


@dataclass(frozen=True, slots=True)
class _Rule:
    endpoint: str
    faults: deque[Fault]
    about: Sequence[str]


class Faults:
    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def next(self, endpoint: str, *faults: Fault, about: Sequence[str] = ()) -> None:
        """The next calls of the endpoint meet these, one each: those alone that name all the words."""
        self._rules.append(_Rule(endpoint, deque(faults), about))

    def clear(self) -> None:
        self._rules.clear()

    def meet(self, endpoint: str, call: str) -> Fault | None:
        for rule in self._rules:
            if rule.endpoint == endpoint and rule.faults and all(word in call for word in rule.about):
                return rule.faults.popleft()
        return None
