"""When to ask for a job's state next: seldom, and close to where jobs of its kind finish (pure)."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from statistics import median, quantiles
from typing import Any

WINDOW = 64
DEFAULT_USUAL = 30.0

# The first look is for the people who wait: by half of the usual time, a job has left the queue.
_EARLY = 0.5
_SHORTEST, _LONGEST = 0.25, 30.0
# How late a completion is noticed on average, as a share of the job's time: what the plan aims at.
_AIM = 0.0235
# Behind the plan's end each look comes a tenth of the job's time after the one before.
_LATE = 0.1
# Before there are enough observations, the documented time counts as three of them, this far apart.
_ENOUGH, _SCATTER = 8, 0.35
_CENTRES, _NARROWEST, _REACH, _STEPS = 16, 0.04, 3.0, 240


class PollTiming:
    """The looks at one kind of job.

    Over the logarithm of time, let r be the rate of looks, g the density of completions and S the share of
    jobs still running. The mean delay, as a share of a job's time, is then the integral of g/2r, and the
    number of looks that of r·S. For a given number of looks the delay is least where r is proportional to
    the square root of g/S: looks gather where jobs finish. g is what was observed, smoothed, and may have
    two humps.
    """

    def __init__(
        self,
        usual: float,
        *,
        scale: float = 1.0,
        jitter: Callable[[float], float] | None = None,
        seen: Iterable[float] = (),
    ) -> None:
        """`scale` is how long a second is, for a server whose time is shortened or stretched."""
        self._default = usual
        self._scale = scale
        self._jitter = jitter or _unchanged
        self._seen = deque(filter(_is_duration, seen), maxlen=WINDOW)
        self._plan: list[float] = []
        self._unplanned = 0

    @property
    def seen(self) -> tuple[float, ...]:
        """The durations that the plan is made from, the oldest first."""
        return tuple(self._seen)

    @property
    def usual(self) -> float:
        """The time that half of the jobs take."""
        return math.exp(median(self._logs()))

    def learn(self, seconds: float) -> None:
        """A job of this kind has taken so long."""
        if _is_duration(seconds):
            self._seen.append(seconds)
            self._unplanned += 1

    def next_look(self, elapsed: float) -> float:
        """The seconds to wait, `elapsed` seconds after the submission."""
        # A plan takes a millisecond or two to make, and one job more or less among many moves little.
        if not self._plan or self._unplanned > len(self._seen) // 4:
            self._plan, self._unplanned = self._planned(), 0
        # A look that would come right after this one has been made by it.
        at = bisect_right(self._plan, elapsed + _SHORTEST * self._scale / 2)
        wait = self._plan[at] - elapsed if at < len(self._plan) else elapsed * _LATE
        return self._bounded(self._jitter(self._bounded(wait)))

    def _bounded(self, seconds: float) -> float:
        return min(max(seconds, _SHORTEST * self._scale), _LONGEST * self._scale)

    def _logs(self) -> list[float]:
        logs = [math.log(seconds) for seconds in self._seen]
        if len(logs) < _ENOUGH:
            documented = math.log(self._default)
            logs += [documented - _SCATTER, documented, documented + _SCATTER]
        return logs

    def _planned(self) -> list[float]:
        logs = self._logs()
        width = _width(logs)
        centres = quantiles(logs, n=_CENTRES + 1) if len(logs) > _CENTRES else sorted(logs)
        early = median(logs) + math.log(_EARLY)
        begin = min(early, centres[0] - _REACH * width)
        step = (centres[-1] + _REACH * width - begin) / _STEPS
        steps = [begin + step * (index + 0.5) for index in range(_STEPS)]
        return [math.exp(time) for time in _looks(steps, _rates(steps, centres, width), early)]


def _width(logs: list[float]) -> float:
    """How far each observation is spread out: Silverman's rule of thumb, by the quartiles."""
    low, _, high = quantiles(logs, n=4, method="inclusive")
    return max(0.9 * (high - low) / 1.349 * len(logs) ** -0.2, _NARROWEST)


def _rates(steps: list[float], centres: list[float], width: float) -> list[float]:
    """How many looks each step is worth."""
    density: list[float] = []
    running: list[float] = []
    for time in steps:
        distances = [(time - centre) / (width * math.sqrt(2)) for centre in centres]
        density.append(sum(math.exp(-far * far) for far in distances))
        running.append(sum(map(math.erfc, distances)) + 1e-9)
    # With r = factor·√(g/S), the mean of 1/2r is that of √(S/g) by 2·factor; the units of g and S cancel out.
    mean = sum(math.sqrt(g * s) for g, s in zip(density, running, strict=True)) / sum(density)
    factor = mean / (2 * _AIM) * (steps[1] - steps[0])
    return [factor * math.sqrt(g / s) for g, s in zip(density, running, strict=True)]


def _looks(steps: list[float], rates: list[float], early: float) -> Iterable[float]:
    """The early look, and one wherever the rates have added up to one more since the last."""
    due, is_early = 0.0, True
    for time, rate in zip(steps, rates, strict=True):
        due += rate
        if is_early and time >= early:
            yield early
            due, is_early = 0.0, False
        elif due >= 1:
            yield time
            due -= 1
    yield steps[-1]


class PollTimings:
    """A pace for each model, and for each variant of it that takes a time of its own."""

    def __init__(
        self,
        usual: Mapping[str, float],
        *,
        scale: float = 1.0,
        jitter: Callable[[float], float] | None = None,
    ) -> None:
        """`usual` gives each slug's documented seconds, not yet scaled."""
        self._usual = dict(usual)
        self._scale = scale
        self._jitter = jitter
        self._paces: dict[tuple[str, str], PollTiming] = {}

    def pace(self, slug: str, variant: str = "") -> PollTiming:
        key = slug, variant
        if key not in self._paces:
            self._paces[key] = self._new(slug)
        return self._paces[key]

    def export(self) -> list[dict[str, Any]]:
        """What was learned, as plain data."""
        return [
            {"slug": slug, "variant": variant, "seconds": list(pace.seen)}
            for (slug, variant), pace in self._paces.items()
            if pace.seen
        ]

    def load(self, learned: Iterable[Mapping[str, Any]]) -> None:
        """Take over what was exported; entries of another form are left out."""
        for entry in learned:
            match entry:
                case {"slug": str(slug), "variant": str(variant), "seconds": [*seconds]}:
                    self._paces[slug, variant] = self._new(slug, seconds)
                case _:
                    continue

    def _new(self, slug: str, seen: Iterable[Any] = ()) -> PollTiming:
        usual = self._usual.get(slug, DEFAULT_USUAL) * self._scale
        return PollTiming(usual, scale=self._scale, jitter=self._jitter, seen=seen)


def _unchanged(seconds: float) -> float:
    return seconds


def _is_duration(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < math.inf
