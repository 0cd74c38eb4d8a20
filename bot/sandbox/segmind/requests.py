"""One request's life, from its acceptance to its end, with the times that it will take."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

HistoryStatus = Literal["PENDING", "COMPLETED", "FAILED"]


@dataclass(frozen=True, slots=True)
class Order:
    """What the engine is asked for: the parameters, and the addresses of the media by parameter."""

    slug: str
    parameters: Mapping[str, Any]
    media: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """The least time that a request waits and runs; an engine that is slower than that makes it longer."""

    queue: float
    run: float
    stuck: bool = False
    doom: str | None = None
    """Why it will fail, where that is decided beforehand."""


@dataclass(frozen=True, slots=True)
class Output:
    """A result, hosted at a URL; `base64` is its content where that was asked for."""

    url: str
    base64: str | None
    media_type: str
    local: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Queued:
    word = "QUEUED"


@dataclass(frozen=True, slots=True)
class Processing:
    since: float
    word = "PROCESSING"


@dataclass(frozen=True, slots=True)
class Completed:
    since: float
    until: float
    output: Output = field(repr=False)
    usd: float
    remaining: float
    word = "COMPLETED"


@dataclass(frozen=True, slots=True)
class Failed:
    since: float
    until: float
    error: str
    word = "FAILED"


State = Queued | Processing | Completed | Failed


@dataclass(eq=False, slots=True)
class Inference:
    """An accepted request. Its order is let go of when it ends, for it may hold whole files."""

    request_id: str
    slug: str
    origin: str
    """How the one who submitted it calls this server: its result is hosted under that name."""
    body: Mapping[str, Any] = field(repr=False)
    order: Order = field(repr=False)
    plan: Plan
    submitted_at: float
    visible_at: float
    """When the history begins to show it."""
    expires_at: float
    state: State = Queued()
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def end(self, state: Completed | Failed) -> None:
        self.state = state
        self.order = Order(self.slug, {}, {})
        self.ended.set()

    def metrics(self) -> dict[str, Any]:
        """The seconds as far as they are known; COMPLETED also tells the cost."""
        match self.state:
            case Queued():
                return {}
            case Processing(since):
                return {"queue_time": _seconds(since - self.submitted_at)}
            case Completed(since, until, _, usd, remaining):
                return {**self._times(since, until), "cost": usd, "remaining_credits": remaining}
            case Failed(since, until):
                return self._times(since, until)
            case _:
                assert_never(self.state)

    @property
    def usd(self) -> float:
        return self.state.usd if isinstance(self.state, Completed) else 0.0

    def history_status(self) -> HistoryStatus:
        match self.state:
            case Queued() | Processing():
                return "PENDING"
            case Completed():
                return "COMPLETED"
            case Failed():
                return "FAILED"
            case _:
                assert_never(self.state)

    def _times(self, since: float, until: float) -> dict[str, Any]:
        return {
            "inference_time": _seconds(until - since),
            "queue_time": _seconds(since - self.submitted_at),
            "total_time": _seconds(until - self.submitted_at),
        }


def _seconds(span: float) -> float:
    return round(max(0.0, span), 3)
