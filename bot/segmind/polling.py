"""Timing of polls, learned from past jobs: few polls, placed where jobs of the same kind finish (pure)."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from statistics import median, quantiles
from typing import Any

WINDOW = 64
DEFAULT_SECONDS = 30.0

# The first poll informs the member: after half of the median time, most jobs have left Segmind's queue.
_FIRST_POLL = 0.5
_MIN_WAIT, _MAX_WAIT = 0.25, 30.0
# Target of the plan: the mean delay until a completion is noticed, as a share of the job's time.
_TARGET_DELAY = 0.0235
# After the end of the plan, each wait is a tenth of the time elapsed.
_LATE_WAIT = 0.1
# Before there are enough observations, the documented time counts as three of them, this far apart.
_MIN_OBSERVATIONS, _SCATTER = 8, 0.35
_MAX_CENTRES, _MIN_WIDTH, _REACH, _STEPS = 16, 0.04, 3.0, 240


class PollTiming:
    """Poll times for one kind of job.

    Over the logarithm of time, let r be the rate of polls, g the density of completions and S the share of
    jobs still running. The mean delay, as a share of a job's time, is then the integral of g/2r, and the
    number of polls is the integral of r·S. For a given number of polls, the delay is least if r is
    proportional to the square root of g/S: polls gather where jobs finish. g is the smoothed density of the
    observed durations, and may have two peaks.
    """

    def __init__(
        self,
        documented: float,
        *,
        scale: float = 1.0,
        jitter: Callable[[float], float] | None = None,
        durations: Iterable[float] = (),
    ) -> None:
        """`scale` is the length of a second on a server that runs faster or slower than real time."""
        self._documented = documented
        self._scale = scale
        self._jitter = jitter or _unchanged
        self._durations = deque(filter(_is_duration, durations), maxlen=WINDOW)
        self._plan: list[float] = []
        self._unplanned = 0

    @property
    def durations(self) -> tuple[float, ...]:
        """Durations that the plan is based on, the oldest first."""
        return tuple(self._durations)

    @property
    def median(self) -> float:
        """Time in which half of the jobs finish, in seconds."""
        return math.exp(median(self._logs()))

    def learn(self, seconds: float) -> None:
        """Record how long a job of this kind took."""
        if _is_duration(seconds):
            self._durations.append(seconds)
            self._unplanned += 1

    def next_wait(self, elapsed: float) -> float:
        """Seconds until the next poll, `elapsed` seconds after the submission."""
        # A plan takes milliseconds to compute, and one more job among many hardly changes it.
        if not self._plan or self._unplanned > len(self._durations) // 4:
            self._plan, self._unplanned = self._make_plan(), 0
        # The poll just made stands for a planned one that is due right after it.
        next_poll = bisect_right(self._plan, elapsed + _MIN_WAIT * self._scale / 2)
        wait = self._plan[next_poll] - elapsed if next_poll < len(self._plan) else elapsed * _LATE_WAIT
        return self._bounded(self._jitter(self._bounded(wait)))

    def _bounded(self, seconds: float) -> float:
        return min(max(seconds, _MIN_WAIT * self._scale), _MAX_WAIT * self._scale)

    def _logs(self) -> list[float]:
        logs = [math.log(seconds) for seconds in self._durations]
        if len(logs) < _MIN_OBSERVATIONS:
            documented = math.log(self._documented)
            logs += [documented - _SCATTER, documented, documented + _SCATTER]
        return logs

    def _make_plan(self) -> list[float]:
        logs = self._logs()
        width = _width(logs)
        centres = quantiles(logs, n=_MAX_CENTRES + 1) if len(logs) > _MAX_CENTRES else sorted(logs)
        first = median(logs) + math.log(_FIRST_POLL)
        start = min(first, centres[0] - _REACH * width)
        step = (centres[-1] + _REACH * width - start) / _STEPS
        steps = [start + step * (index + 0.5) for index in range(_STEPS)]
        return [math.exp(time) for time in _place_polls(steps, _rates(steps, centres, width), first)]


def _width(logs: list[float]) -> float:
    """Smoothing width of the observations: Silverman's rule of thumb, from the quartiles."""
    low, _, high = quantiles(logs, n=4, method="inclusive")
    return max(0.9 * (high - low) / 1.349 * len(logs) ** -0.2, _MIN_WIDTH)


def _rates(steps: list[float], centres: list[float], width: float) -> list[float]:
    """Number of polls in each step."""
    density: list[float] = []
    running: list[float] = []
    for time in steps:
        distances = [(time - centre) / (width * math.sqrt(2)) for centre in centres]
        density.append(sum(math.exp(-distance * distance) for distance in distances))
        running.append(sum(map(math.erfc, distances)) + 1e-9)
    # With r = factor·√(g/S), the mean of 1/2r is that of √(S/g) over 2·factor; the units of g and S cancel.
    mean = sum(math.sqrt(g * s) for g, s in zip(density, running, strict=True)) / sum(density)
    factor = mean / (2 * _TARGET_DELAY) * (steps[1] - steps[0])
    return [factor * math.sqrt(g / s) for g, s in zip(density, running, strict=True)]


def _place_polls(steps: list[float], rates: list[float], first: float) -> Iterable[float]:
    """Place the first poll, and another each time that the rates add up to one since the previous poll."""
    due, is_first = 0.0, True
    for time, rate in zip(steps, rates, strict=True):
        due += rate
        if is_first and time >= first:
            yield first
            due, is_first = 0.0, False
        elif due >= 1:
            yield time
            due -= 1
    yield steps[-1]


class PollTimings:
    """Timings of all models, one for each variant of a model that takes a different time."""

    def __init__(
        self,
        documented: Mapping[str, float],
        *,
        scale: float = 1.0,
        jitter: Callable[[float], float] | None = None,
    ) -> None:
        """`documented` maps slugs to seconds, not yet scaled."""
        self._documented = dict(documented)
        self._scale = scale
        self._jitter = jitter
        self._timings: dict[tuple[str, str], PollTiming] = {}

    def timing(self, slug: str, variant: str = "") -> PollTiming:
        key = slug, variant
        if key not in self._timings:
            self._timings[key] = self._new(slug)
        return self._timings[key]

    def export(self) -> list[dict[str, Any]]:
        """Return the learned durations as plain data."""
        return [
            {"slug": slug, "variant": variant, "seconds": list(timing.durations)}
            for (slug, variant), timing in self._timings.items()
            if timing.durations
        ]

    def load(self, learned: Iterable[Mapping[str, Any]]) -> None:
        """Load exported durations; ignores entries of another form."""
        for entry in learned:
            match entry:
                case {"slug": str(slug), "variant": str(variant), "seconds": [*seconds]}:
                    self._timings[slug, variant] = self._new(slug, seconds)
                case _:
                    continue

    def _new(self, slug: str, durations: Iterable[Any] = ()) -> PollTiming:
        documented = self._documented.get(slug, DEFAULT_SECONDS) * self._scale
        return PollTiming(documented, scale=self._scale, jitter=self._jitter, durations=durations)


def _unchanged(seconds: float) -> float:
    return seconds


def _is_duration(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < math.inf
