"""What was learned of how long jobs take, kept over restarts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import structlog

from bot.jobs.ports import Clock, KeyValues, StoreAway

log = structlog.stdlib.get_logger(__name__)

NOTE = "pacing"
# A run that is killed forgets what it has learned since.
EVERY = 300.0


class Learner(Protocol):
    def export(self) -> list[dict[str, Any]]: ...

    def load(self, learned: Iterable[Mapping[str, Any]]) -> None:
        """Leaves out what has another form."""
        ...


class LearnedTimings:
    """Several processes write over each other here: each of them has seen enough by itself."""

    def __init__(self, learner: Learner, memory: KeyValues, clock: Clock, *, every: float = EVERY) -> None:
        self._learner = learner
        self._memory = memory
        self._clock = clock
        self._every = every
        self._written = ""

    async def load(self) -> None:
        text = await self._memory.read_value(NOTE) or "[]"
        try:
            learned: list[Any] = json.loads(text)
        except ValueError:
            log.warning("what was learned cannot be read, and is learned anew")
            return
        self._learner.load(learned)
        self._written = text

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._every)
            await self.save()

    async def save(self) -> None:
        text = json.dumps(self._learner.export(), separators=(",", ":"))
        if text in {self._written, "[]"}:
            return
        try:
            await self._memory.write_value(NOTE, text)
        except StoreAway:
            # Nothing depends on it, and the next time is soon.
            return
        self._written = text
