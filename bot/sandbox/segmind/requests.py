"""A request from acceptance to result: order, plan, states and metrics."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

HistoryStatus = Literal["PENDING", "COMPLETED", "FAILED"]


@dataclass(frozen=True, slots=True)
class Order:
    """Validated input of a request: parameters, and the addresses of its files by parameter."""

    slug: str
    parameters: Mapping[str, Any]
    media: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Minimum seconds that a request waits and runs; a slower engine makes it longer."""

    queue: float
    run: float
    stuck: bool = False
    failure: str | None = None
    """Error text of a request that is planned to fail."""


@dataclass(frozen=True, slots=True)
class Output:
    """A result, hosted at a URL; `base64` is its content if the request asked for it."""

    url: str
    base64: str | None
    media_type: str
    local: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits for a worker."""

    status = "QUEUED"


@dataclass(frozen=True, slots=True)
class Processing:
    """A worker renders the request."""

    started_at: float
    status = "PROCESSING"


@dataclass(frozen=True, slots=True)
class Completed:
    """The result is ready and billed."""

    started_at: float
    ended_at: float
    output: Output = field(repr=False)
    usd: float
    remaining: float
    status = "COMPLETED"


@dataclass(frozen=True, slots=True)
class Failed:
    """The request ended without a result, free of charge."""

    started_at: float
    ended_at: float
    error: str
    status = "FAILED"


State = Queued | Processing | Completed | Failed


@dataclass(eq=False, slots=True)
class Inference:
    """An accepted request. It drops its order when it ends, because data URLs may hold whole files."""

    request_id: str
    slug: str
    origin: str
    """Origin by which the client calls this server; the result's URL begins with it."""
    body: Mapping[str, Any] = field(repr=False)
    order: Order = field(repr=False)
    plan: Plan
    submitted_at: float
    visible_at: float
    """Time from which the history shows the request."""
    expires_at: float
    state: State = Queued()
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def end(self, state: Completed | Failed) -> None:
        self.state = state
        self.order = Order(self.slug, {}, {})
        self.ended.set()

    def metrics(self) -> dict[str, Any]:
        """Return the durations known so far in seconds, and the cost of a completed request."""
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

    def _times(self, started_at: float, ended_at: float) -> dict[str, Any]:
        return {
            "inference_time": _seconds(ended_at - started_at),
            "queue_time": _seconds(started_at - self.submitted_at),
            "total_time": _seconds(ended_at - self.submitted_at),
        }


def _seconds(span: float) -> float:
    return round(max(0.0, span), 3)
