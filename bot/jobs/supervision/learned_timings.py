"""Learned durations of jobs, kept over restarts."""

import json
from typing import Any

import structlog

from bot.clock import Clock
from bot.jobs.ports import KeyValues, StoreUnavailable
from bot.segmind.polling import PollTimings

log = structlog.stdlib.get_logger(__name__)

KEY = "pacing"
# A process that is killed loses what it has learned since the last save.
SAVE_INTERVAL = 300.0


class LearnedTimings:
    """Loads and saves poll timings. Processes overwrite each other's, as each has learned enough itself."""

    def __init__(
        self, timings: PollTimings, values: KeyValues, clock: Clock, *, interval: float = SAVE_INTERVAL
    ) -> None:
        self._timings = timings
        self._values = values
        self._clock = clock
        self._interval = interval
        self._saved = ""

    async def load(self) -> None:
        text = await self._values.read_value(KEY) or "[]"
        try:
            learned: list[Any] = json.loads(text)
        except ValueError:
            log.warning("learned timings unreadable, starting over")
            return
        self._timings.load(learned)
        self._saved = text

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._interval)
            await self.save()

    async def save(self) -> None:
        text = json.dumps(self._timings.export(), separators=(",", ":"))
        if text in {self._saved, "[]"}:
            return
        try:
            await self._values.write_value(KEY, text)
        except StoreUnavailable:
            # Nothing depends on it, and the next save is soon.
            return
        self._saved = text
