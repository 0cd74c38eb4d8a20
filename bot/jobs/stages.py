"""Stages of an open job, as its member sees them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """The job is in the queue. Nothing was sent."""

    position: int


@dataclass(frozen=True, slots=True)
class Due:
    """The job is next, and waits for the key's rate limit. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class NoBalance:
    """The job is next, and waits because the operator's balance at Segmind is empty. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The job waits because the operator has paused new jobs. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The job is next, and waits until Segmind can be reached. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Queued:
    """Segmind has accepted the job."""

    since: float
    usual: float
    """Seconds that this model usually takes from submission to result."""


@dataclass(frozen=True, slots=True)
class Processing:
    """Segmind works on the job."""

    since: float
    usual: float


@dataclass(frozen=True, slots=True)
class Collecting:
    """Segmind has made the result, and the download is being tried again."""


@dataclass(frozen=True, slots=True)
class Searching:
    """The submission's outcome is unknown, and Segmind's history is being searched for it."""


Stage = Waiting | Due | NoBalance | Paused | Reconnecting | Queued | Processing | Collecting | Searching
