"""Rate of requests that a key allows: the operator's limit, lowered where Segmind refuses (pure)."""

from collections import deque
from collections.abc import Mapping
from math import inf

import structlog

log = structlog.stdlib.get_logger(__name__)

_MINUTE = 60.0
# Sums of fractions drift, so a shorter wait counts as none.
_EPSILON = 1e-6
# One refusal at most halves the rate, as other bots may share the key; it regrows by 2 % a minute.
_LARGEST_CUT, _REGROWTH = 0.5, 1.02
# Rates below this would be no use to anybody.
_LEAST = 1.0
# Part of a minute's requests that may go at once.
_BURST_SHARE = 25


class KeyRate:
    """Requests a minute that Segmind lets the key make, as far as it is known.

    It is the operator's limit until Segmind refuses a request. All processes that use the key share it.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._learned = limit
        self._learned_at = -inf

    @property
    def learned_at(self) -> float:
        """POSIX time of the last refusal; minus infinity if there was none."""
        return self._learned_at

    def per_minute(self, now: float) -> float:
        minutes = max(0.0, now - self._learned_at) / _MINUTE
        # 2 % a minute grow a thousandfold in six hours.
        regrown = self._limit if minutes >= _MINUTE * 6 else self._learned * _REGROWTH**minutes
        return min(self._limit, regrown)

    def refused(self, now: float, *, accepted: float) -> None:
        """Lower the rate to what was accepted in the last minute.

        Once a minute at most: the requests that are on their way may all be refused for the same reason.
        """
        if not 0 <= now - self._learned_at < _MINUTE:
            current = self.per_minute(now)
            self._set(min(current, max(current * _LARGEST_CUT, accepted)), now)

    def stated(self, limit: float, now: float) -> None:
        """Lower the rate to a limit that Segmind states."""
        if limit < self.per_minute(now):
            self._set(limit, now)

    def export(self) -> Mapping[str, float] | None:
        """Return what was learned as plain data, or None."""
        if self._learned_at == -inf:
            return None
        return {"per_minute": self._learned, "at": self._learned_at}

    def load(self, learned: object) -> None:
        """Take over what another process has learned since; ignores data of another form."""
        match learned:
            case {"per_minute": int() | float() as rate, "at": int() | float() as at}:
                if at > self._learned_at:
                    self._set(rate, at)
            case _:
                pass

    def _set(self, per_minute: float, now: float) -> None:
        self._learned, self._learned_at = max(_LEAST, min(per_minute, self._limit)), now
        log.info("rate of the key lowered", per_minute=round(self._learned, 1))


class Bucket:
    """Requests of this process: evenly spaced but for a small burst, and in no minute more than its rate."""

    def __init__(self, rate: KeyRate) -> None:
        self._rate = rate
        self._processes = 1
        self._due = -inf
        self._sent: deque[float] = deque()

    def share(self, processes: int) -> None:
        """Divide the key's rate by the number of processes; requests already made still count."""
        self._processes = max(1, processes)

    def wait(self, now: float, *, is_spare: bool = False) -> float:
        """Seconds until a request may go; one of low value spares half of the burst for others."""
        interval, burst = self._spacing(now)
        if is_spare:
            burst -= burst // 2
        # If the next request is due in more than the rate explains, the clock was set back.
        seconds = min(self._due, now + _MINUTE + interval) - (burst - 1) * interval - now
        return seconds if seconds > _EPSILON else 0.0

    def spend(self, now: float) -> None:
        interval, _ = self._spacing(now)
        self._due = max(min(self._due, now + _MINUTE + interval), now) + interval
        self._sent.append(now)
        self._forget(now)

    def accepted(self, now: float) -> float:
        """Estimate of the requests of all processes in the last minute, without the one just refused."""
        self._forget(now)
        return max(0, len(self._sent) - 1) * self._processes

    def _spacing(self, now: float) -> tuple[float, int]:
        per_minute = self._rate.per_minute(now) / self._processes
        if per_minute >= 1:
            per_minute = int(per_minute + _EPSILON)
        burst = 1 + int(per_minute / _BURST_SHARE)
        return _MINUTE / (per_minute - burst + 1), burst

    def _forget(self, now: float) -> None:
        while self._sent and not now - _MINUTE < self._sent[0] <= now:
            self._sent.popleft()
