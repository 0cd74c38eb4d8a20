"""A service that fails time after time is left alone, and asked again after ever longer pauses (pure)."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """What a breaker bears: so many failures in a row, and how it rests afterwards, in seconds."""

    failures: int = 5
    pause: float = 5.0
    longest: float = 60.0


def _spread(seconds: float) -> float:
    """Several processes do not all come back at the same moment."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - nobody gains by guessing it


class Breaker:
    """Closed: everything goes. Open: nothing does, until the pause is over; then one request, the probe.

    Only failures of the service itself count: no answer, half an answer, a 5xx. Whoever asks tells of them.
    """

    def __init__(
        self, now: Callable[[], float], fuse: BreakerConfig, *, jitter: Callable[[float], float] = _spread
    ) -> None:
        self._now = now
        self._fuse = fuse
        self._jitter = jitter
        self._failures = 0
        self._pause = fuse.pause
        self._until = 0.0
        self._probing = False
        self.open_since: float | None = None

    def wait(self) -> float:
        """The seconds until a request may be made; without end while a probe is on its way."""
        if self.open_since is None:
            return 0.0
        return inf if self._probing else max(0.0, min(self._until - self._now(), 2 * self._fuse.longest))

    def probe(self) -> None:
        """The one request that is made of an open breaker."""
        self._probing = True

    def cancel_probe(self) -> None:
        """The probe came to nothing, by no fault of the service: the next one may go at once."""
        self._probing = False

    def succeeded(self) -> None:
        self._failures, self._pause = 0, self._fuse.pause
        self._probing, self.open_since = False, None

    def failed(self) -> None:
        self._failures += 1
        if self.open_since is None and self._failures >= self._fuse.failures:
            self.open_since = self._now()
        elif not self._probing:
            # Closed still, or what was on its way when the breaker opened: no news.
            return
        self._probing = False
        self._until = self._now() + self._jitter(self._pause)
        self._pause = min(2 * self._pause, self._fuse.longest)
