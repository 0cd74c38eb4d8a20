"""Reconciler: finds requests that turn up at Segmind after their job was released as lost."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.jobs.job import Job
from bot.jobs.ports import StoreUnavailable
from bot.jobs.unknown.history_pass import History, RequestIndex, search_history
from bot.periodic import run_periodically
from bot.segmind.errors import SegmindError
from bot.segmind.history import Found

log = structlog.stdlib.get_logger(__name__)

# In seconds: the age up to which requests are searched for, and the pause between searches.
_MAX_AGE, _INTERVAL = 86_400.0, 1800.0


class LateHistory(History, Protocol):
    """Segmind's history of requests, as pages and by id."""

    async def history_record(self, request_id: str) -> Found | None: ...


class ReconcileStore(RequestIndex, Protocol):
    """Jobs whose hold was released because nobody found their request, or its end."""

    async def never_found(self, since: float) -> Sequence[Job]: ...

    async def found_late(self, job: Job, request_id: str, cost: float) -> bool:
        """Record what the request cost; return whether this was its first record."""
        ...


class LateReconciler:
    """Adds the cost of requests that turn up late to the operator's spending. Members keep their credits."""

    def __init__(self, history: LateHistory, store: ReconcileStore, clock: Clock) -> None:
        self._history = history
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        await run_periodically(
            self.reconcile, self._clock, _INTERVAL, "search for late requests failed", initial_delay=_INTERVAL
        )

    async def reconcile(self) -> None:
        jobs = await self._store.never_found(self._clock.now() - _MAX_AGE)
        found = await self._search([job for job in jobs if job.request_id is None])
        for job in jobs:
            try:
                await self._record(job, found.get(job.id) or await self._look_up(job))
            except SegmindError as error:
                log.warning("history request failed", job=job.id, error=error.detail)
            except StoreUnavailable:
                raise
            except Exception:
                # One odd row of the history must not hide the jobs after it.
                log.exception("late request not recorded", job=job.id)

    async def _search(self, jobs: Sequence[Job]) -> Mapping[str, Found]:
        if not jobs:
            return {}
        now = self._clock.now()
        try:
            return (await search_history(self._history, self._store, jobs, now=now, lag=0)).found
        except SegmindError as error:
            log.warning("history request failed", error=error.detail)
            return {}

    async def _look_up(self, job: Job) -> Found | None:
        """Return the record of a request whose id is known."""
        return None if job.request_id is None else await self._history.history_record(job.request_id)

    async def _record(self, job: Job, found: Found | None) -> None:
        if found is None or found.status not in {"COMPLETED", "FAILED"}:
            return
        cost = 0.0 if found.status == "FAILED" else (job.expected if found.cost is None else found.cost)
        if await self._store.found_late(job, found.request_id, cost):
            log.warning("released job turned up at Segmind", job=job.id, request=found.request_id, usd=cost)
