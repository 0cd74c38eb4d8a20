"""Origin of a file: the job that made it, and by which evidence."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.clock import Clock
from bot.media.types import DetectedMark

HOUR = 3600
FILES_AN_HOUR = 10
"""Files that a member may check in an hour, because a video takes up to a second of a core."""


class Evidence(StrEnum):
    """Evidence that a job made a file, from the strongest to the weakest."""

    WATERMARK = "watermark"
    BYTES = "bytes"
    """The file is the one that Segmind made."""
    LIKENESS = "likeness"
    """The file looks like a result. A result also looks like the picture that it was made from."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a file."""

    evidence: Evidence
    job_id: str | None
    """None for a watermark whose job is deleted, or another bot's."""
    day: float | None = None
    """Day in the watermark."""


class OriginStore(Protocol):
    """Finds the jobs of marks and fingerprints."""

    async def find_origin(self, mark: DetectedMark, distance: int) -> Origin | None:
        """`distance` is the number of bits by which the hashes of two files that look the same may differ."""
        ...


class TooManyChecks(Exception):
    """The member has checked as many files as allowed, and can check again at `until`."""

    def __init__(self, limit: int, until: float) -> None:
        super().__init__(limit, until)
        self.limit = limit
        self.until = until


class CheckQuota:
    """Bounds the files that each member or address sends in an hour; a restart forgets them."""

    def __init__(self, clock: Clock, limit: int = FILES_AN_HOUR) -> None:
        self._clock = clock
        self._limit = limit
        self._checks: dict[int | str, deque[float]] = {}

    def take(self, user_id: int | str) -> None:
        """Count a file, or raise `TooManyChecks`."""
        now = self._clock.now()
        for member, times in list(self._checks.items()):
            while times and times[0] <= now - HOUR:
                times.popleft()
            if not times:
                del self._checks[member]
        times = self._checks.setdefault(user_id, deque())
        if len(times) >= self._limit:
            raise TooManyChecks(self._limit, times[0] + HOUR)
        times.append(now)
