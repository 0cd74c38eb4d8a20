"""What no table knows: the last hours of the line, of the loop's lag and of others' answers, in memory."""

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
    at: float
    waiting: int
    lag: float
    """The worst since the sample before."""
    segmind: Mapping[str, int]
    """All answers since the start, by code."""
    discord: Mapping[str, int]


class TimeSeries:
    """Filled by `run`, and by whoever measures the lag."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._samples: deque[Sample] = deque(maxlen=round(HOURS * 3600 / EVERY))
        self._lag = 0.0
        self.began = clock.now()

    @property
    def samples(self) -> list[Sample]:
        return list(self._samples)

    def lagged(self, seconds: float) -> None:
        self._lag = max(self._lag, seconds)

    def worst_lag(self, seconds: float) -> float:
        """Of the last so many seconds."""
        since = self._clock.now() - seconds
        return max([sample.lag for sample in self._samples if sample.at > since] + [self._lag])

    def segmind_answers(self, seconds: float) -> Mapping[str, int]:
        """Of the last so many seconds, by code; those without any are left out."""
        return _since(self._metrics.segmind_answers(), [s.segmind for s in self._before(seconds)])

    def discord_answers(self, seconds: float) -> Mapping[str, int]:
        return _since(self._metrics.discord_answers(), [s.discord for s in self._before(seconds)])

    async def run(self, waiting: Callable[[], Awaitable[int]]) -> None:
        while True:
            try:
                await self._take(waiting)
            except Exception as error:  # noqa: BLE001 - a gap in a chart is all that comes of it
                log.debug("no sample was taken for the operator's page", error=type(error).__name__)
            await self._clock.sleep(EVERY)

    async def _take(self, waiting: Callable[[], Awaitable[int]]) -> None:
        async with asyncio.timeout(EVERY):
            count = await waiting()
        lag, self._lag = self._lag, 0.0
        self._samples.append(
            Sample(
                self._clock.now(),
                count,
                lag,
                self._metrics.segmind_answers(),
                self._metrics.discord_answers(),
            )
        )

    def _before(self, seconds: float) -> list[Sample]:
        """The newest sample from before then, or the oldest where the bot has run for less than the ring."""
        since = self._clock.now() - seconds
        older = [sample for sample in self._samples if sample.at <= since]
        return older[-1:]


def _since(now: Mapping[str, int], then: list[Mapping[str, int]]) -> Mapping[str, int]:
    before: Mapping[str, int] = then[0] if then else {}
    found = {code: count - before.get(code, 0) for code, count in now.items()}
    return {code: count for code, count in sorted(found.items()) if count}
