"""When to ask for a job's state next: seldom, and close to where jobs of its kind finish (pure)."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from statistics import NormalDist, quantiles
from typing import Any

WINDOW = 64
DEFAULT_USUAL = 30.0

# The first two looks are for the people who wait: they see that the job has left the queue.
_EARLY = (0.25, 0.6)
_SHORTEST, _LONGEST = 0.25, 30.0
# What the plan aims at: how late a completion is noticed on average, as a share of the usual time.
_AIM = 0.021
# How widely times scatter, as the sigma of their logarithms: before anything was seen, at the least, and at
# the most, where the plan's steps would become coarser than its looks.
_SCATTER, _LEAST_SCATTER, _MOST_SCATTER = 0.35, 0.04, 0.8
# The documented usual time counts like this many observations, so that a first odd job moves little.
_WEIGHT = 3
# The plan ends where all but one in a few thousand are done; from there each wait is longer than the last.
_END, _GROWTH = 3.5, 1.3
_STEPS = 240

_NORMAL = NormalDist()


class Pace:
    """The looks at one kind of job.

    With a rate of looks r(t), the delay is the integral of f/2r and the number of looks that of r·S, for a
    density f of completions and a share S of jobs still running. For a given number of looks the delay is
    least where r is proportional to the square root of the hazard f/S: looks gather where jobs finish. f is a
    lognormal fitted to the median and the quartiles of what was observed, which outliers hardly move.
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
        return math.exp(self._fit()[0])

    def learn(self, seconds: float) -> None:
        """A job of this kind has taken so long."""
        if _is_duration(seconds):
            self._seen.append(seconds)
            self._unplanned += 1

    def next_look(self, elapsed: float) -> float:
        """The seconds to wait, `elapsed` seconds after the submission."""
        # A plan takes a millisecond to make, and one job more or less among many moves little.
        if not self._plan or self._unplanned > len(self._seen) // 8:
            self._plan, self._unplanned = self._planned(), 0
        # A look that would come right after this one has been made by it.
        at = bisect_right(self._plan, elapsed + _SHORTEST * self._scale / 2)
        if at < len(self._plan):
            wait = self._plan[at] - elapsed
        else:
            step = self._plan[-1] - self._plan[-2]
            wait = max(step, (elapsed - self._plan[-1]) * (_GROWTH - 1) + step)
        return self._bounded(self._jitter(self._bounded(wait)))

    def _bounded(self, seconds: float) -> float:
        return min(max(seconds, _SHORTEST * self._scale), _LONGEST * self._scale)

    def _fit(self) -> tuple[float, float]:
        """The middle and the scatter of the logarithms of the times."""
        logs = [math.log(seconds) for seconds in self._seen]
        if not logs:
            return math.log(self._default), _SCATTER
        weighted = sorted([*logs, *[math.log(self._default)] * max(0, _WEIGHT - len(logs))])
        low, middle, high = quantiles(weighted, n=4, method="inclusive")
        share = min(1.0, len(logs) / (2 * _WEIGHT))
        # For a normal distribution the quartiles lie 1.349 sigma apart.
        scatter = share * (high - low) / 1.349 + (1 - share) * _SCATTER
        return middle, min(max(scatter, _LEAST_SCATTER), _MOST_SCATTER)

    def _planned(self) -> list[float]:
        middle, scatter = self._fit()
        usual = math.exp(middle)
        early = [share * usual for share in _EARLY]
        end = usual * math.exp(_END * scatter)
        step = (end - early[-1]) / _STEPS
        times = [early[-1] + step * (index + 0.5) for index in range(_STEPS)]
        rates = [_root_of_hazard(time, middle, scatter) for time in times]
        # The mean delay is the mean of 1/2r over the completions: the rates are scaled to what is aimed at.
        inverse = _mean_inverse(times, rates, middle, scatter, step)
        factor = inverse / (2 * _AIM * usual)
        return early + list(_looks(times, [factor * rate for rate in rates], step)) + [end]


def _root_of_hazard(time: float, middle: float, scatter: float) -> float:
    z = (math.log(time) - middle) / scatter
    running = max(_NORMAL.cdf(-z), 1e-12)
    return math.sqrt(_NORMAL.pdf(z) / (scatter * time * running))


def _mean_inverse(
    times: list[float], rates: list[float], middle: float, scatter: float, step: float
) -> float:
    """The mean of 1/r over the times at which jobs finish."""
    density = [_NORMAL.pdf((math.log(time) - middle) / scatter) / (scatter * time) for time in times]
    total = sum(density) * step
    return sum(part / rate for part, rate in zip(density, rates, strict=True) if rate > 0) * step / total


def _looks(times: list[float], rates: list[float], step: float) -> Iterable[float]:
    """A look wherever the rate has added up to one more."""
    due = 0.0
    for time, rate in zip(times, rates, strict=True):
        due += rate * step
        if due >= 1:
            due -= 1
            yield time


class Pacing:
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
        self._paces: dict[tuple[str, str], Pace] = {}

    def pace(self, slug: str, variant: str = "") -> Pace:
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

    def _new(self, slug: str, seen: Iterable[Any] = ()) -> Pace:
        usual = self._usual.get(slug, DEFAULT_USUAL) * self._scale
        return Pace(usual, scale=self._scale, jitter=self._jitter, seen=seen)


def _unchanged(seconds: float) -> float:
    return seconds


def _is_duration(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < math.inf
