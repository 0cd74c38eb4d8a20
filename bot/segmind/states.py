"""The states of a request at Segmind, each a type of its own (pure)."""

from dataclasses import dataclass

from bot.segmind.outputs import Output


@dataclass(frozen=True, slots=True)
class Metrics:
    """Seconds and USD, as far as Segmind told them."""

    inference_time: float | None = None
    queue_time: float | None = None
    total_time: float | None = None
    cost: float | None = None
    remaining_credits: float | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was taken and will be paid if it succeeds."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting at Segmind."""


@dataclass(frozen=True, slots=True)
class Processing:
    """Being worked on; also every word for a state that is not known yet."""


@dataclass(frozen=True, slots=True)
class Completed:
    """Finished. The status alone brings no output, the result always does."""

    output: Output | None
    metrics: Metrics = Metrics()


@dataclass(frozen=True, slots=True)
class Failed:
    """Finished without an output, and not billed. `blocked` is a refusal for what the pictures show."""

    detail: str
    blocked: bool = False
    metrics: Metrics = Metrics()


@dataclass(frozen=True, slots=True)
class Expired:
    """Segmind does not know the id, or no longer: status and result live an hour from the submission."""


State = Queued | Processing | Completed | Failed | Expired
