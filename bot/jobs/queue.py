"""Queue of jobs waiting to be submitted: fair between members, with limits on the jobs in flight."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from itertools import islice, zip_longest

from bot.jobs.job import Job
from bot.jobs.ports import Capacity
from bot.ledger.server_rules import Limits


class QueueEntry:
    """A job's entry: waiting at first, in flight once it was admitted."""

    __slots__ = ("_admission", "job_id", "member", "server")

    def __init__(self, job: Job) -> None:
        self.job_id = job.id
        self.member = job.account
        self.server = job.place.guild_id
        self._admission: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_admitted(self) -> bool:
        return self._admission.done()

    def admit(self) -> None:
        self._admission.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Wait for admission for so long; return whether it came."""
        await asyncio.wait({self._admission}, timeout=seconds)
        return self.is_admitted


class FairQueue:
    """Queue that serves members in rotation: everybody's first job goes before anybody's second."""

    def __init__(self, limits: Limits, *, in_all: int) -> None:
        """`limits` apply to servers without limits of their own; `in_all` bounds all jobs in flight."""
        self._limits = limits
        self._in_all = in_all
        self._server_limits: dict[int, Limits] = {}
        # The first member of the rotation is the next to be served.
        self._rotation: OrderedDict[str, deque[QueueEntry]] = OrderedDict()
        self._running = 0
        self._by_member: Counter[str] = Counter()
        self._by_server: Counter[int] = Counter()

    @property
    def length(self) -> int:
        return sum(map(len, self._rotation.values()))

    @property
    def running(self) -> int:
        """Number of jobs that were admitted and have not left."""
        return self._running

    def set_limits(self, server: int, limits: Limits) -> None:
        if self._limits_of(server) != limits:
            self._server_limits[server] = limits
            self._admit_waiting()

    def capacity_for(self, job: Job) -> Capacity:
        """Return the limits that the job has to meet together with the jobs of other processes."""
        limits = self._limits_of(job.place.guild_id)
        return Capacity(self._in_all, per_server=limits.per_server, per_member=limits.per_member)

    def enter(self, job: Job) -> QueueEntry:
        entry = QueueEntry(job)
        self._rotation.setdefault(entry.member, deque()).append(entry)
        self._admit_waiting()
        return entry

    def enter_running(self, job: Job) -> QueueEntry:
        """Enter a job that was in flight before a restart: it uses capacity without waiting."""
        entry = QueueEntry(job)
        self._admit(entry)
        return entry

    def leave(self, entry: QueueEntry) -> None:
        if entry.is_admitted:
            self._running -= 1
            self._by_member[entry.member] -= 1
            if entry.server is not None:
                self._by_server[entry.server] -= 1
        else:
            self._remove(entry)
        self._admit_waiting()

    def waiting(self, member: str) -> int:
        return len(self._rotation.get(member, ()))

    def position(self, entry: QueueEntry) -> int:
        """Number of admissions until this entry's own, counted from 1."""
        depth = self._rotation[entry.member].index(entry)
        is_before = True
        position = 0
        for member, waiting in self._rotation.items():
            if member == entry.member:
                is_before = False
                position += depth + 1
            else:
                position += min(len(waiting), depth + 1 if is_before else depth)
        return position

    def next_ids(self, count: int) -> Iterator[str]:
        """Ids of the next jobs, as if limits held none of them back."""
        rounds = zip_longest(*self._rotation.values())
        return islice((entry.job_id for entries in rounds for entry in entries if entry is not None), count)

    def _remove(self, entry: QueueEntry) -> None:
        waiting = self._rotation[entry.member]
        waiting.remove(entry)
        if not waiting:
            del self._rotation[entry.member]

    def _admit_waiting(self) -> None:
        while self._running < self._in_all and (entry := self._next()) is not None:
            self._remove(entry)
            if entry.member in self._rotation:
                self._rotation.move_to_end(entry.member)
            self._admit(entry)

    def _next(self) -> QueueEntry | None:
        firsts = (waiting[0] for waiting in self._rotation.values())
        return next((entry for entry in firsts if self._fits(entry)), None)

    def _fits(self, entry: QueueEntry) -> bool:
        limits = self._limits_of(entry.server)
        return self._by_member[entry.member] < limits.per_member and (
            entry.server is None or self._by_server[entry.server] < limits.per_server
        )

    def _limits_of(self, server: int | None) -> Limits:
        return self._limits if server is None else self._server_limits.get(server, self._limits)

    def _admit(self, entry: QueueEntry) -> None:
        self._running += 1
        self._by_member[entry.member] += 1
        if entry.server is not None:
            self._by_server[entry.server] += 1
        entry.admit()
