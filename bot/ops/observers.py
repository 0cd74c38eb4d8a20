"""Decorators of the store and of Segmind that report each job to metrics and traces."""

from collections.abc import AsyncGenerator, Awaitable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter

from bot.jobs.job import Job
from bot.jobs.ports import OpenJob, Segmind, SlotRequest, StaleJob, Store
from bot.ledger.policy import MemberTerms
from bot.segmind.errors import SegmindError
from bot.segmind.history import Found, HistoryRow
from bot.segmind.outputs import Output
from bot.segmind.polling import PollPlan
from bot.segmind.states import Accepted, State

T = TypeVar("T")


class JobListener(Protocol):
    """Notified of every job that this process opens, adopts, moves and delivers."""

    def opened(self, job: Job) -> None: ...

    def adopted(self, jobs: Sequence[Job]) -> None: ...

    def moved(self, job: Job, to: Job) -> None: ...

    def delivered(self, job: Job) -> None: ...

    def lost(self, job: Job) -> None:
        """Another process has taken the job over."""
        ...

    def polled(self, request_id: str, state: State) -> None: ...


class FanOut:
    """Notifies several listeners."""

    def __init__(self, *listeners: JobListener) -> None:
        self._listeners = listeners

    def opened(self, job: Job) -> None:
        for listener in self._listeners:
            listener.opened(job)

    def adopted(self, jobs: Sequence[Job]) -> None:
        for listener in self._listeners:
            listener.adopted(jobs)

    def moved(self, job: Job, to: Job) -> None:
        for listener in self._listeners:
            listener.moved(job, to)

    def delivered(self, job: Job) -> None:
        for listener in self._listeners:
            listener.delivered(job)

    def lost(self, job: Job) -> None:
        for listener in self._listeners:
            listener.lost(job)

    def polled(self, request_id: str, state: State) -> None:
        for listener in self._listeners:
            listener.polled(request_id, state)


class ObservedStore:
    """Store that notifies a listener of each change once it is committed."""

    def __init__(self, store: Store, jobs: JobListener) -> None:
        self._store = store
        self._listener = jobs

    async def open(self, job: Job, terms: MemberTerms, *others: Job) -> None:
        await self._store.open(job, terms, *others)
        for opened in (job, *others):
            self._listener.opened(opened)

    async def share_slots(
        self, requests: Sequence[SlotRequest], *, held: Collection[str]
    ) -> Mapping[str, int]:
        return await self._store.share_slots(requests, held=held)

    async def move(self, job: Job, to: Job) -> Job:
        try:
            moved = await self._store.move(job, to)
        except StaleJob:
            self._listener.lost(job)
            raise
        self._listener.moved(job, moved)
        return moved

    def lease_left(self) -> float | None:
        return self._store.lease_left()

    async def mark_told(self, job: Job) -> None:
        try:
            await self._store.mark_told(job)
        except StaleJob:
            self._listener.lost(job)
            raise
        self._listener.delivered(job)

    async def find(self, job_id: str) -> Job | None:
        return await self._store.find(job_id)

    async def find_batch(self, batch: str) -> Sequence[Job]:
        return await self._store.find_batch(batch)

    async def find_own(self, job_id: str) -> Job | None:
        job = await self._store.find_own(job_id)
        if job is not None and not job.told:
            # The last change may be unknown to the listener, because its answer was lost.
            self._listener.adopted([job])
        elif (closed := job or await self._store.find(job_id)) is not None:
            self._listener.lost(closed)
        return job

    async def request_cancellation(self, job_id: str) -> bool:
        return await self._store.request_cancellation(job_id)

    async def to_cancel(self) -> Sequence[Job]:
        return await self._store.to_cancel()

    async def owns(self, job_id: str) -> bool:
        return await self._store.owns(job_id)

    async def open_jobs(self, after: OpenJob | None) -> Sequence[OpenJob]:
        return await self._store.open_jobs(after)

    async def adopt(self) -> AsyncGenerator[Sequence[Job]]:
        async for jobs in self._store.adopt():
            self._listener.adopted(jobs)
            yield jobs


class ObservedSegmind:
    """Segmind client that counts the outcome of each call and notifies a listener of polls."""

    def __init__(self, segmind: Segmind, jobs: JobListener, registry: CollectorRegistry) -> None:
        self._segmind = segmind
        self._listener = jobs
        self._outcomes = Counter(
            "doppel_segmind_calls",
            "Calls of Segmind, retries included, by outcome: a state, or the kind of an error.",
            ["call", "outcome"],
            registry=registry,
        )

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        return await self._counted("submit", self._segmind.submit(slug, body))

    async def status(self, request_id: str, plan: PollPlan | None = None) -> State:
        state = await self._counted("status", self._segmind.status(request_id, plan))
        self._listener.polled(request_id, state)
        return state

    async def history_page(self, page: int, *, since: float, until: float) -> Sequence[HistoryRow]:
        response = self._segmind.history_page(page, since=since, until=until)
        return await self._counted("history_page", response)

    async def history_record(self, request_id: str) -> Found | None:
        return await self._counted("history", self._segmind.history_record(request_id))

    async def fetch(self, output: Output, *, limit: int) -> bytes:
        return await self._counted("fetch", self._segmind.fetch(output, limit=limit))

    async def _counted(self, call: str, response: Awaitable[T]) -> T:
        try:
            result = await response
        except SegmindError as error:
            self._outcomes.labels(call, type(error).__name__).inc()
            raise
        self._outcomes.labels(call, "none" if result is None else type(result).__name__).inc()
        return result
