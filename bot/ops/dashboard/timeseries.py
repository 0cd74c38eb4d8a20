"""The last hours of figures that no table stores: queue length, loop lag and responses, in memory."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from bot.clock import Clock
from bot.ops.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

EVERY, HOURS = 10.0, 3


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures at one moment."""

    at: float
    waiting: int
    lag: float
    """The worst since the previous sample."""
    segmind: Mapping[str, int]
    """Number of responses since the start, by code."""
    discord: Mapping[str, int]


class TimeSeries:
    """Samples of the last hours, taken by `run`."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=round(HOURS * 3600 / EVERY))
        self._lag = 0.0
        self.began = clock.now()

    @property
    def samples(self) -> list[Sample]:
        return list(self._samples)

    def record_lag(self, seconds: float) -> None:
        self._lag = max(self._lag, seconds)

    def worst_lag(self, seconds: float) -> float:
        """The worst lag of the last `seconds`."""
        since = self._clock.now() - seconds
        return max([sample.lag for sample in self._samples if sample.at > since] + [self._lag])

    def segmind_responses(self, seconds: float) -> Mapping[str, int]:
        """Responses of the last `seconds` by code, without the codes of which there were none."""
        return _difference(self._metrics.segmind_responses(), [s.segmind for s in self._before(seconds)])

    def discord_responses(self, seconds: float) -> Mapping[str, int]:
        """Responses of the last `seconds` by code, without the codes of which there were none."""
        return _difference(self._metrics.discord_responses(), [s.discord for s in self._before(seconds)])

    async def run(self, waiting: Callable[[], Awaitable[int]]) -> None:
        while True:
            try:
                await self._sample(waiting)
            except Exception as error:  # noqa: BLE001 - a failure only leaves a gap in a chart
                log.debug("dashboard sample failed", error=type(error).__name__)
            await self._clock.sleep(EVERY)

    async def _sample(self, waiting: Callable[[], Awaitable[int]]) -> None:
        async with asyncio.timeout(EVERY):
            count = await waiting()
        lag, self._lag = self._lag, 0.0
        segmind, discord = self._metrics.segmind_responses(), self._metrics.discord_responses()
        self._samples.append(Sample(self._clock.now(), count, lag, segmind, discord))

    def _before(self, seconds: float) -> list[Sample]:
        """The newest sample that is at least this old; none if the process is younger."""
        since = self._clock.now() - seconds
        older = [sample for sample in self._samples if sample.at <= since]
        return older[-1:]


def _difference(now: Mapping[str, int], then: list[Mapping[str, int]]) -> Mapping[str, int]:
    before: Mapping[str, int] = then[0] if then else {}
    counts = {code: count - before.get(code, 0) for code, count in now.items()}
    return {code: count for code, count in sorted(counts.items()) if count}
