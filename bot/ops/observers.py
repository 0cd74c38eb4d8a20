"""Around the members of the runner's world: they pass everything on, and metrics and traces hear of it."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter

from bot.jobs.job import Job
from bot.jobs.ports import Capacity, Segmind, StaleJob, Store
from bot.ledger.account import Balance
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import ServerRules
from bot.segmind.protocol import Accepted, Found, Output, SegmindError, State

T = TypeVar("T")


class JobListener(Protocol):
    """Whoever is told of every job that this process opens, adopts, moves and closes."""

    def opened(self, job: Job) -> None: ...

    def adopted(self, jobs: Sequence[Job]) -> None: ...

    def moved(self, job: Job, to: Job) -> None: ...

    def told(self, job: Job) -> None: ...

    def lost(self, job: Job) -> None:
        """It is another process's by now."""
        ...

    def looked(self, request_id: str, seen: State) -> None: ...


class FanOut:
    """Two listeners as one."""

    def __init__(self, one: JobListener, other: JobListener) -> None:
        self._each = one, other

    def opened(self, job: Job) -> None:
        for each in self._each:
            each.opened(job)

    def adopted(self, jobs: Sequence[Job]) -> None:
        for each in self._each:
            each.adopted(jobs)

    def moved(self, job: Job, to: Job) -> None:
        for each in self._each:
            each.moved(job, to)

    def told(self, job: Job) -> None:
        for each in self._each:
            each.told(job)

    def lost(self, job: Job) -> None:
        for each in self._each:
            each.lost(job)

    def looked(self, request_id: str, seen: State) -> None:
        for each in self._each:
            each.looked(request_id, seen)


class ObservedStore:
    """Tells of each job what was written down, and only once it is."""

    def __init__(self, store: Store, jobs: JobListener) -> None:
        self._store = store
        self._jobs = jobs

    async def balance(self, account: str) -> Balance:
        return await self._store.balance(account)

    async def rules(self, guild_id: int) -> ServerRules:
        return await self._store.rules(guild_id)

    async def all_rules(self) -> Mapping[int, ServerRules]:
        return await self._store.all_rules()

    async def open(self, job: Job, terms: MemberTerms) -> None:
        await self._store.open(job, terms)
        self._jobs.opened(job)

    async def move(self, job: Job, to: Job, *, capacity: Capacity | None = None) -> Job:
        try:
            moved = await self._store.move(job, to, capacity=capacity)
        except StaleJob:
            self._jobs.lost(job)
            raise
        self._jobs.moved(job, moved)
        return moved

    async def mark_told(self, job: Job) -> None:
        try:
            await self._store.mark_told(job)
        except StaleJob:
            self._jobs.lost(job)
            raise
        self._jobs.told(job)

    async def find(self, job_id: str) -> Job | None:
        return await self._store.find(job_id)

    async def adopt(self) -> Sequence[Job]:
        jobs = await self._store.adopt()
        self._jobs.adopted(jobs)
        return jobs


class ObservedSegmind:
    """Tells of what each call came to, its repetitions taken together."""

    def __init__(self, segmind: Segmind, jobs: JobListener, registry: CollectorRegistry) -> None:
        self._segmind = segmind
        self._jobs = jobs
        self._outcomes = Counter(
            "doppel_segmind_outcomes",
            "What calls of Segmind came to, repetitions included: a state, or the kind of a trouble.",
            ["call", "outcome"],
            registry=registry,
        )

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        return await self._noted("submit", self._segmind.submit(slug, body))

    async def status(self, request_id: str) -> State:
        state = await self._noted("look", self._segmind.status(request_id))
        self._jobs.looked(request_id, state)
        return state

    async def find(self, nonce: str, *, slug: str, since: float, until: float) -> Found | None:
        return await self._noted("find", self._segmind.find(nonce, slug=slug, since=since, until=until))

    async def history_record(self, request_id: str) -> Found | None:
        return await self._noted("recall", self._segmind.history_record(request_id))

    async def fetch(self, output: Output, *, limit: int) -> bytes:
        return await self._noted("fetch", self._segmind.fetch(output, limit=limit))

    async def _noted(self, call: str, asked: Awaitable[T]) -> T:
        try:
            answer = await asked
        except SegmindError as error:
            self._outcomes.labels(call, type(error).__name__).inc()
            raise
        self._outcomes.labels(call, "nothing" if answer is None else type(answer).__name__).inc()
        return answer
