"""What a member is shown of a job that is still open."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """In the line, before anything was sent."""

    position: int


@dataclass(frozen=True, slots=True)
class Due:
    """Its turn has come, and the key's rate has no room this very moment. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Paused:
    """Its turn has come, and the operator has nothing left at Segmind. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Halted:
    """The operator has paused new jobs, wherever this one stood. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """Its turn has come, and Segmind does not take anything right now: tried again in a moment."""


@dataclass(frozen=True, slots=True)
class Queued:
    """Segmind accepted it."""

    since: float
    usual: float
    """Seconds that this model usually takes from here on."""


@dataclass(frozen=True, slots=True)
class Processing:
    since: float
    usual: float


@dataclass(frozen=True, slots=True)
class Collecting:
    """Segmind has made the result, and its file is not to be had right now: tried again in a moment."""


@dataclass(frozen=True, slots=True)
class Searching:
    """Sent with an unknown outcome: being looked for in Segmind's history."""


Stage = Waiting | Due | Paused | Halted | Reconnecting | Queued | Processing | Collecting | Searching
