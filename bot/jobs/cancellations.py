"""Cancellations: ends the waiting jobs whose members pressed Cancel in another process."""

from contextlib import suppress

from bot.clock import Clock
from bot.jobs.ports import StaleJob, Store
from bot.jobs.runner import Runner
from bot.periodic import run_periodically

INTERVAL = 3.0


class Cancellations:
    """Cancels the jobs of this process that another one was asked to cancel.

    Of all processes, only the owner of a job knows for certain whether it was sent.
    """

    def __init__(self, store: Store, runner: Runner, clock: Clock) -> None:
        self._store = store
        self._runner = runner
        self._clock = clock

    async def run(self) -> None:
        if self._store.lease_left() is None:
            # No other process can be asked.
            return
        await run_periodically(
            self.cancel_requested, self._clock, INTERVAL, "jobs could not be cancelled for another process"
        )

    async def cancel_requested(self) -> None:
        for job in await self._store.to_cancel():
            with suppress(StaleJob):
                await self._runner.cancel(job)
