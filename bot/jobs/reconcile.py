"""Looks once more for orders that were given back because Segmind's history did not show them in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.job import Job
from bot.jobs.submit import CLOCK_SKEW
from bot.periodic import run_periodically
from bot.segmind.protocol import Found, SegmindError

log = structlog.stdlib.get_logger(__name__)


class History(Protocol):
    async def find(self, nonce: str, *, slug: str, since: float, until: float) -> Found | None: ...


class ReconcileStore(Protocol):
    async def never_found(self, since: float) -> Sequence[Job]:
        """Orders from then on whose credits went back because nobody found them."""
        ...

    async def found_late(self, job: Job, request_id: str, cost: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class ReconcileConfig:
    """For how long such orders are looked for, and how often, in seconds."""

    window: float = 86_400.0
    every: float = 1800.0


class LateReconciler:
    """The member keeps their credits; the operator's books and report tell what it cost."""

    def __init__(
        self,
        history: History,
        register: ReconcileStore,
        clock: Clock,
        persistence: ReconcileConfig = ReconcileConfig(),
    ) -> None:
        self._history = history
        self._register = register
        self._clock = clock
        self._persistence = persistence

    async def run(self) -> None:
        every = self._persistence.every
        await run_periodically(
            self.look,
            self._clock,
            every,
            "orders that turned up late could not be looked for",
            initial_delay=every,
        )

    async def look(self) -> None:
        for job in await self._register.never_found(self._clock.now() - self._persistence.window):
            try:
                found = await self._find(job)
            except SegmindError as error:
                log.warning("the history could not be read", error=error.detail)
                return
            if found is None or found.status not in {"COMPLETED", "FAILED"}:
                continue
            cost = 0.0 if found.status == "FAILED" else (job.expected if found.cost is None else found.cost)
            if await self._register.found_late(job, found.request_id, cost):
                log.warning(
                    "an order that was given back has turned up at Segmind",
                    job=job.id,
                    request=found.request_id,
                    usd=cost,
                )

    async def _find(self, job: Job) -> Found | None:
        sent = job.submitted_at or job.created_at
        return await self._history.find(
            job.id, slug=job.slug, since=sent - CLOCK_SKEW, until=self._clock.now() + CLOCK_SKEW
        )
