"""Circuit breaker: stops requests to a failing service, and probes it after ever longer pauses (pure)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """Number of failures in a row that open the breaker, and its pauses in seconds."""

    failures: int = 5
    pause: float = 5.0
    max_pause: float = 60.0


def _spread(seconds: float) -> float:
    """Keep several processes from probing at the same moment."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - guessing it gains nothing


class Breaker:
    """Circuit breaker of one service. Closed, it lets all requests through; open, one probe after each pause.

    The caller reports each outcome. Only failures of the service itself count: no response, half a response,
    a 5xx.
    """

    def __init__(
        self, now: Callable[[], float], config: BreakerConfig, *, jitter: Callable[[float], float] = _spread
    ) -> None:
        self._now = now
        self._config = config
        self._jitter = jitter
        self._failures = 0
        self._pause = config.pause
        self._paused_until = 0.0
        self._probing = False
        self.open_since: float | None = None

    def wait(self) -> float:
        """Seconds until a request may be made; infinite while a probe is in flight."""
        if self.open_since is None:
            return 0.0
        if self._probing:
            return inf
        # A clock that was set back must not keep the breaker open.
        return max(0.0, min(self._paused_until - self._now(), 2 * self._config.max_pause))

    def probe(self) -> None:
        """Begin the one request that an open breaker lets through."""
        self._probing = True

    def cancel_probe(self) -> None:
        """Drop a probe that says nothing about the service, so that the next one may go at once."""
        self._probing = False

    def succeeded(self) -> None:
        self._failures, self._pause = 0, self._config.pause
        self._probing, self.open_since = False, None

    def failed(self) -> None:
        self._failures += 1
        if self.open_since is None and self._failures >= self._config.failures:
            self.open_since = self._now()
        elif not self._probing:
            # The breaker is still closed, or the request was in flight when it opened.
            return
        self._probing = False
        self._paused_until = self._now() + self._jitter(self._pause)
        self._pause = min(2 * self._pause, self._config.max_pause)
