"""States of a request at Segmind, each a type of its own (pure)."""

from dataclasses import dataclass

from bot.segmind.outputs import Output


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics of a request in seconds and USD; None if Segmind did not send them."""

    inference_time: float | None = None
    queue_time: float | None = None
    total_time: float | None = None
    cost: float | None = None
    implausible_cost: str | None = None
    """The implausible value that Segmind sent as a cost; the expected cost counts instead."""
    remaining_credits: float | None = None

    @property
    def seconds(self) -> float | None:
        """Time from the submission to the end, as far as Segmind reports it."""
        if self.total_time is not None:
            return self.total_time
        return None if self.inference_time is None else self.inference_time + (self.queue_time or 0.0)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Segmind accepted the request and will charge for it if it succeeds."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits at Segmind."""


@dataclass(frozen=True, slots=True)
class Processing:
    """Segmind works on the request, or named a state that this client does not know."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The request succeeded. Only the result carries its output, the status does not."""

    output: Output | None
    metrics: Metrics = Metrics()


@dataclass(frozen=True, slots=True)
class Failed:
    """The request failed and costs nothing. `blocked` means a content refusal."""

    detail: str
    blocked: bool = False
    metrics: Metrics = Metrics()


FORGOTTEN_AFTER = 3600.0
"""Seconds after the submission for which Segmind keeps status and result."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Segmind does not know the id. Until `FORGOTTEN_AFTER`, that is a passing fault."""


State = Queued | Processing | Completed | Failed | Expired
