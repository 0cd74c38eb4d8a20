"""Reconciler: finds requests that turn up at Segmind after their job was released as lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.job import Job
from bot.jobs.ports import StoreAway
from bot.jobs.submit import CLOCK_SKEW
from bot.periodic import run_periodically
from bot.segmind.protocol import Found, SegmindError

log = structlog.stdlib.get_logger(__name__)


class History(Protocol):
    """Segmind's history of requests."""

    async def find(self, nonce: str, *, slug: str, since: float, until: float) -> Found | None: ...

    async def history_record(self, request_id: str) -> Found | None: ...


class ReconcileStore(Protocol):
    """Jobs whose hold was released because nobody found their request, or its end."""

    async def never_found(self, since: float) -> Sequence[Job]: ...

    async def found_late(self, job: Job, request_id: str, cost: float) -> bool:
        """Record what the request cost; return whether this was its first record."""
        ...


@dataclass(frozen=True, slots=True)
class ReconcileConfig:
    """Age up to which requests are searched for, and the pause between searches, in seconds."""

    window: float = 86_400.0
    interval: float = 1800.0


class LateReconciler:
    """Adds the cost of requests that turn up late to the operator's spending. Members keep their credits."""

    def __init__(
        self,
        history: History,
        store: ReconcileStore,
        clock: Clock,
        config: ReconcileConfig = ReconcileConfig(),
    ) -> None:
        self._history = history
        self._store = store
        self._clock = clock
        self._config = config

    async def run(self) -> None:
        interval = self._config.interval
        await run_periodically(
            self.reconcile, self._clock, interval, "search for late requests failed", initial_delay=interval
        )

    async def reconcile(self) -> None:
        for job in await self._store.never_found(self._clock.now() - self._config.window):
            try:
                await self._reconcile(job)
            except SegmindError as error:
                log.warning("history request failed", job=job.id, error=error.detail)
            except StoreAway:
                raise
            except Exception:
                # One odd row of the history must not hide the jobs after it.
                log.exception("late request not recorded", job=job.id)

    async def _reconcile(self, job: Job) -> None:
        found = await self._find(job)
        if found is None or found.status not in {"COMPLETED", "FAILED"}:
            return
        cost = 0.0 if found.status == "FAILED" else (job.expected if found.cost is None else found.cost)
        if await self._store.found_late(job, found.request_id, cost):
            log.warning("released job turned up at Segmind", job=job.id, request=found.request_id, usd=cost)

    async def _find(self, job: Job) -> Found | None:
        if job.request_id is not None:
            return await self._history.history_record(job.request_id)
        sent_at = job.submitted_at or job.created_at
        return await self._history.find(
            job.nonce, slug=job.slug, since=sent_at - CLOCK_SKEW, until=self._clock.now() + CLOCK_SKEW
        )
