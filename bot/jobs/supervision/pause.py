"""The operator's pause: kept in the database over restarts, and seen by every process within seconds."""

import asyncio

import structlog

from bot.clock import Clock
from bot.jobs.ports import KeyValues, StoreAway
from bot.jobs.submission_gate import SubmissionGate

log = structlog.stdlib.get_logger(__name__)

NOTE = "pause"
# One short question; whoever presses the button sees the others follow.
EVERY = 2.0


async def paused_since(memory: KeyValues) -> float | None:
    try:
        return float(await memory.read_value(NOTE) or "")
    except ValueError:
        return None


async def pause(memory: KeyValues, now: float) -> float:
    """Since when; where it has begun already, it is as long as it was."""
    since = await paused_since(memory) or now
    await memory.write_value(NOTE, repr(since))
    return since


async def resume(memory: KeyValues) -> None:
    await memory.write_value(NOTE, "")


class OperatorPause:
    """While it lasts no new job goes to Segmind; what is there goes on, and orders wait for its end."""

    def __init__(
        self, gate: SubmissionGate, memory: KeyValues, clock: Clock, *, every: float = EVERY
    ) -> None:
        self._gate = gate
        self._memory = memory
        self._clock = clock
        self._every = every
        # A look that began before a change must not undo it.
        self._one_at_a_time = asyncio.Lock()
        self.since: float | None = None
        """When it began; none where there is none."""

    @property
    def seconds(self) -> float:
        return 0.0 if self.since is None else max(0.0, self._clock.now() - self.since)

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._every)
            try:
                await self.refresh()
            except StoreAway:
                # Others say so, and the last that was heard holds.
                continue
            except Exception:
                log.exception("whether the operator has paused could not be looked up")

    async def refresh(self) -> None:
        async with self._one_at_a_time:
            self._take(await paused_since(self._memory))

    async def pause(self) -> None:
        async with self._one_at_a_time:
            self._take(await pause(self._memory, self._clock.now()))

    async def resume(self) -> None:
        async with self._one_at_a_time:
            await resume(self._memory)
            self._take(None)

    def _take(self, since: float | None) -> None:
        if (since is None) != (self.since is None):
            log.warning("the operator has paused new jobs" if since else "new jobs go on")
        self.since = since
        if since is None:
            self._gate.resume()
        else:
            self._gate.pause()
