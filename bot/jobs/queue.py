"""The waiting line: who goes next, fair between members, bounded per member, per server and in all."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from itertools import islice, zip_longest

from bot.jobs.job import Job
from bot.jobs.ports import Capacity
from bot.ledger.server_rules import Limits


class QueueEntry:
    """A job's place: in the line until its turn has come, at Segmind from then on."""

    __slots__ = ("_turn", "job_id", "member", "server")

    def __init__(self, job: Job) -> None:
        self.job_id = job.id
        self.member = job.account
        self.server = job.place.guild_id
        self._turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def called(self) -> bool:
        return self._turn.done()

    def call(self) -> None:
        self._turn.set_result(None)

    async def wait(self, patience: float) -> bool:
        """Wait for the turn; says whether it has come by the time the patience is over."""
        await asyncio.wait({self._turn}, timeout=patience)
        return self.called


class FairQueue:
    """Members take turns: each one's first waiting job is called before anybody's second."""

    def __init__(self, limits: Limits, *, in_all: int) -> None:
        """`limits` hold wherever nothing else was set; `in_all` bounds the jobs at Segmind at once."""
        self._limits = limits
        self._in_all = in_all
        self._own_limits: dict[int, Limits] = {}
        # The first member of the ring is the next to be served.
        self._ring: OrderedDict[str, deque[QueueEntry]] = OrderedDict()
        self._running = 0
        self._by_member: Counter[str] = Counter()
        self._by_server: Counter[int] = Counter()

    @property
    def length(self) -> int:
        return sum(map(len, self._ring.values()))

    @property
    def running(self) -> int:
        """How many have been called and have not left."""
        return self._running

    def set_limits(self, server: int, limits: Limits) -> None:
        """What holds for one server from here on."""
        if self._of(server) != limits:
            self._own_limits[server] = limits
            self._call_next()

    def capacity_for(self, job: Job) -> Capacity:
        """What holds for a job also where other processes submit, too."""
        limits = self._of(job.place.guild_id)
        return Capacity(self._in_all, per_server=limits.per_server, per_member=limits.per_member)

    def enter(self, job: Job) -> QueueEntry:
        ticket = QueueEntry(job)
        self._ring.setdefault(ticket.member, deque()).append(ticket)
        self._call_next()
        return ticket

    def enter_running(self, job: Job) -> QueueEntry:
        """A job that is with Segmind already, from before a restart: it takes room without waiting."""
        ticket = QueueEntry(job)
        self._start(ticket)
        return ticket

    def leave(self, ticket: QueueEntry) -> None:
        if ticket.called:
            self._running -= 1
            self._by_member[ticket.member] -= 1
            if ticket.server is not None:
                self._by_server[ticket.server] -= 1
        else:
            self._withdraw(ticket)
        self._call_next()

    def waiting(self, member: str) -> int:
        return len(self._ring.get(member, ()))

    def position(self, ticket: QueueEntry) -> int:
        """How many turns it takes until this ticket's, counted from 1."""
        depth = self._ring[ticket.member].index(ticket)
        before = True
        turns = 0
        for member, queue in self._ring.items():
            if member == ticket.member:
                before = False
                turns += depth + 1
            else:
                turns += min(len(queue), depth + 1 if before else depth)
        return turns

    def next_ids(self, count: int) -> Iterator[str]:
        """The ids of so many jobs that are next, if all of them had room."""
        turns = zip_longest(*self._ring.values())
        return islice((ticket.job_id for turn in turns for ticket in turn if ticket is not None), count)

    def _withdraw(self, ticket: QueueEntry) -> None:
        queue = self._ring[ticket.member]
        queue.remove(ticket)
        if not queue:
            del self._ring[ticket.member]

    def _call_next(self) -> None:
        while self._running < self._in_all and (ticket := self._next()) is not None:
            self._withdraw(ticket)
            if ticket.member in self._ring:
                self._ring.move_to_end(ticket.member)
            self._start(ticket)

    def _next(self) -> QueueEntry | None:
        return next((queue[0] for queue in self._ring.values() if self._has_room(queue[0])), None)

    def _has_room(self, ticket: QueueEntry) -> bool:
        limits = self._of(ticket.server)
        return self._by_member[ticket.member] < limits.per_member and (
            ticket.server is None or self._by_server[ticket.server] < limits.per_server
        )

    def _of(self, server: int | None) -> Limits:
        return self._limits if server is None else self._own_limits.get(server, self._limits)

    def _start(self, ticket: QueueEntry) -> None:
        self._running += 1
        self._by_member[ticket.member] += 1
        if ticket.server is not None:
            self._by_server[ticket.server] += 1
        ticket.call()
