"""Polls of jobs: which job to poll next, and when, from the durations of past jobs (pure)."""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

WINDOW = 64
DEFAULT_SECONDS = 30.0

# Seconds until the first poll of a job, and between two polls of it.
FIRST_POLL, INTERVAL = 1.5, 1.0
# A job that takes more than twice its usual time is polled less and less often: it may never end.
_OVERDUE, _SLOWDOWN, _MAX_INTERVAL = 2.0, 0.05, 30.0
# Seconds until the next poll after one that told nothing.
_AFTER_FAILURE = 5.0
# Until there are enough observations, the documented time times each of these counts as one, too.
_MIN_OBSERVATIONS, _SCATTER = 8, (0.7, 1.0, 1.4)
# Jobs may be a little quicker or slower than all observed ones.
_QUICKER, _SLOWER = 0.8, 1.25
# Share of jobs that may take any time, such as those that wait for a cold machine.
_LATE_SHARE = 0.05
# With at least this chance that its job has ended, a poll takes turns with orders; any other waits for them.
_LIKELY = 0.5
# Least chance of a change: Segmind's queue is short, so a queued job has likely left it, and any may fail.
_LEFT_QUEUE, _FAILED = 1.0, 0.1


class PollTiming:
    """Durations of one kind of job: the newest ones, or the documented one until there are enough."""

    def __init__(self, documented: float, *, scale: float = 1.0, durations: Iterable[float] = ()) -> None:
        """`scale` is the length of a second on a server that runs faster or slower than real time."""
        self._documented = documented
        self._scale = scale
        self._durations = deque(filter(_is_duration, durations), maxlen=WINDOW)
        self._update()

    @property
    def durations(self) -> tuple[float, ...]:
        """Observed durations, the oldest first."""
        return tuple(self._durations)

    @property
    def median(self) -> float:
        """Time in which half of the jobs finish, in seconds."""
        return self._median

    def learn(self, seconds: float) -> None:
        """Record how long a job of this kind took."""
        if _is_duration(seconds):
            self._durations.append(seconds)
            self._update()

    def share_running(self, elapsed: float) -> float:
        """Share of jobs that still run this many seconds after their submission."""
        if elapsed <= self._times[0]:
            return 1.0
        return (1 - _LATE_SHARE) * self._usual_share(elapsed) + _LATE_SHARE * min(1.0, self._median / elapsed)

    def _usual_share(self, elapsed: float) -> float:
        """Share of observed jobs that took longer, interpolated between their durations."""
        times, last = self._times, len(self._times) - 1
        above = bisect_right(times, elapsed)
        if above > last:
            return 0.0
        before, after = times[above - 1], times[above]
        return 1 - (above - 1 + (elapsed - before) / (after - before)) / last

    def start(self, sent_at: float) -> "PollPlan":
        """Plan the polls of a job that was submitted then."""
        return PollPlan(self, sent_at, self._scale)

    def _update(self) -> None:
        observed = list(self._durations)
        if len(observed) < _MIN_OBSERVATIONS:
            observed += [self._documented * factor for factor in _SCATTER]
        self._median = median(observed)
        self._times = [min(observed) * _QUICKER, *sorted(observed), max(observed) * _SLOWER]


class PollPlan:
    """When to poll one job next, and how urgently.

    While the key has requests left, a job is polled 1.5 s after its submission and then once a second.
    When it has not, the scheduler makes the most urgent poll first: a poll is the more urgent the likelier
    the job has changed and the longer it was not seen.
    """

    def __init__(self, timing: PollTiming, sent_at: float, scale: float) -> None:
        self.sent_at = sent_at
        # Read once: other jobs change it meanwhile, and the card would show that as news of this one.
        self.usual = timing.median
        self._timing = timing
        self._scale = scale
        self._seen_at = sent_at
        self._asked_at: float | None = None
        self._running_when_seen = 1.0
        self._is_queued = True
        self._due = sent_at + FIRST_POLL * scale

    def wait(self, now: float) -> float:
        """Seconds until the poll may be made."""
        # A clock that was set back must not put the poll off.
        return min(max(0.0, self._due - now), _MAX_INTERVAL * self._scale)

    def chance(self, now: float) -> float:
        """Chance that the job has ended, given that it had not when it was last seen."""
        if self._running_when_seen <= 0:
            return 1.0
        return 1 - self._timing.share_running(now - self.sent_at) / self._running_when_seen

    def is_likely(self, now: float) -> bool:
        """Return whether the job has likelier ended than not."""
        return self.chance(now) >= _LIKELY

    def urgency(self, now: float) -> float:
        """Seconds for which a change of the job has been unseen, as expected."""
        floor = _LEFT_QUEUE if self._is_queued else _FAILED
        return (now - self._seen_at) * max(floor, self.chance(now))

    def asked(self, now: float) -> None:
        """Record that the request goes now: it may have waited for its turn."""
        self._asked_at = now

    def seen(self, now: float, *, is_queued: bool) -> None:
        """Record that the job had not ended when Segmind was asked, and plan the next poll."""
        self._seen_at, self._is_queued = self._last_asked(now), is_queued
        self._running_when_seen = self._timing.share_running(self._seen_at - self.sent_at)
        overdue = self._seen_at - self.sent_at - _OVERDUE * self._timing.median
        interval = max(INTERVAL * self._scale, _SLOWDOWN * overdue)
        self._due = now + min(interval, _MAX_INTERVAL * self._scale)

    def failed(self, now: float) -> None:
        """Plan the next poll after one without a usable response, which a later one may well get."""
        self._due = now + _AFTER_FAILURE * self._scale

    def ended(self, now: float, reported: float | None) -> None:
        """Learn how long the job took, from its end at a time between the last two polls.

        A poll may have waited long for its turn, so the time that Segmind reports counts within these bounds.
        """
        earliest, latest = self._seen_at - self.sent_at, self._last_asked(now) - self.sent_at
        middle = (earliest + latest) / 2
        self._timing.learn(middle if reported is None else min(max(reported, earliest), latest))

    def _last_asked(self, now: float) -> float:
        return now if self._asked_at is None else self._asked_at


class PollTimings:
    """Timings of all models, one for each variant of a model that takes a different time."""

    def __init__(self, documented: Mapping[str, float], *, scale: float = 1.0) -> None:
        """`documented` maps slugs to seconds, not yet scaled."""
        self._documented = dict(documented)
        self._scale = scale
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
        return PollTiming(documented, scale=self._scale, durations=durations)


def _is_duration(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < math.inf
