"""Operator's pause of new jobs: kept in the database over restarts, and followed by every process."""

import asyncio

import structlog

from bot.clock import Clock
from bot.jobs.ports import KeyValues, StoreUnavailable
from bot.jobs.waiting.submission_gate import SubmissionGate

log = structlog.stdlib.get_logger(__name__)

KEY = "pause"
# An operator who pauses sees the other processes follow at once, and a read costs little.
REFRESH_INTERVAL = 2.0


async def paused_since(values: KeyValues) -> float | None:
    try:
        return float(await values.read_value(KEY) or "")
    except ValueError:
        return None


async def pause(values: KeyValues, now: float) -> float:
    """Begin a pause, unless there is one; return when it began."""
    since = await paused_since(values) or now
    await values.write_value(KEY, repr(since))
    return since


async def resume(values: KeyValues) -> None:
    await values.write_value(KEY, "")


class OperatorPause:
    """Keeps the gate in step with the pause. Orders wait for its end; submitted jobs go on."""

    def __init__(
        self, gate: SubmissionGate, values: KeyValues, clock: Clock, *, interval: float = REFRESH_INTERVAL
    ) -> None:
        self._gate = gate
        self._values = values
        self._clock = clock
        self._interval = interval
        # A read that began before a change must not undo it.
        self._lock = asyncio.Lock()
        self.since: float | None = None
        """Start of the pause; none where there is none."""

    @property
    def seconds(self) -> float:
        return 0.0 if self.since is None else max(0.0, self._clock.now() - self.since)

    async def run(self) -> None:
        while True:
            await self._clock.sleep(self._interval)
            try:
                await self.refresh()
            except StoreUnavailable:
                # Others report the outage; until its end, the last known state holds.
                continue
            except Exception:
                log.exception("pause could not be read")

    async def refresh(self) -> None:
        async with self._lock:
            self._apply(await paused_since(self._values))

    async def pause(self) -> None:
        async with self._lock:
            self._apply(await pause(self._values, self._clock.now()))

    async def resume(self) -> None:
        async with self._lock:
            await resume(self._values)
            self._apply(None)

    def _apply(self, since: float | None) -> None:
        if (since is None) != (self.since is None):
            log.warning("new jobs paused" if since else "new jobs resumed")
        self.since = since
        if since is None:
            self._gate.resume()
        else:
            self._gate.pause()
