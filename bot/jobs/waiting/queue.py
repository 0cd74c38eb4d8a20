"""Queue of jobs waiting to be submitted: fair between members, with limits on the jobs in flight."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator
from itertools import count, islice
from typing import TypeAlias

from sortedcontainers import SortedList

from bot.jobs.job import Job
from bot.jobs.ports import Capacity
from bot.ledger.server_rules import Limits


class QueueEntry:
    """A job's entry: waiting at first, in flight once it was admitted."""

    __slots__ = ("_admission", "job_id", "lap", "member", "number", "order", "server")

    def __init__(self, job: Job, number: int) -> None:
        self.job_id = job.id
        self.order = job.batch or job.id
        # Lap of the member's rotation in which the job goes: each order sends one job in a lap.
        self.lap = 0
        self.number = number
        self.member = job.account
        self.server = job.place.guild_id
        self._admission: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def rank(self) -> tuple[int, int]:
        """Place among the jobs of its member."""
        return self.lap, self.number

    @property
    def is_admitted(self) -> bool:
        return self._admission.done()

    def admit(self) -> None:
        self._admission.set_result(None)

    async def wait(self, seconds: float) -> bool:
        """Wait for admission for so long; return whether it came."""
        await asyncio.wait({self._admission}, timeout=seconds)
        return self.is_admitted


class _Member:
    """Member with jobs in the queue: the first entry has the first turn, and so on.

    The orders of a member take their turns in rotation, so that a batch does not keep the next order waiting.
    """

    __slots__ = ("entries", "lap", "next_round", "offer", "orders", "running", "turns")

    def __init__(self) -> None:
        self.entries: list[QueueEntry] = []
        # The rotation's present lap, and the waiting jobs of each order.
        self.lap = 0
        self.orders: dict[str, list[QueueEntry]] = {}
        self.turns: list[_Turn] = []
        self.running = 0
        # A member whom limits kept back for several rounds makes up for one of them only.
        self.next_round = 0
        # The server among whose offers the first entry stands, and its turn there.
        self.offer: tuple[_Server, _Turn] | None = None

    def index(self, entry: QueueEntry) -> int:
        return bisect_left(self.entries, entry.rank, key=lambda each: each.rank)

    def add(self, entry: QueueEntry) -> None:
        waiting = self.orders.setdefault(entry.order, [])
        entry.lap = max(self.lap, waiting[-1].lap + 1 if waiting else 0)
        waiting.append(entry)
        self.entries.insert(self.index(entry), entry)

    def remove(self, entry: QueueEntry) -> None:
        del self.entries[self.index(entry)]
        waiting = self.orders[entry.order]
        waiting.remove(entry)
        if not waiting:
            del self.orders[entry.order]


class _Server:
    """Server with jobs in the queue."""

    __slots__ = ("first", "id", "offers", "running")

    def __init__(self, server_id: int | None) -> None:
        self.id = server_id
        self.running = 0
        self.offers: SortedList[_Turn] = SortedList()
        # Its first offer, while it stands among those of the other servers.
        self.first: _ServerTurn | None = None


_Turn: TypeAlias = tuple[int, int, _Member]
"""Round of the rotation, the turn's number, and whose turn it is."""
_ServerTurn: TypeAlias = tuple[int, int, _Server]


class FairQueue:
    """Queue that serves members in rotation: everybody's first job goes before anybody's second.

    Each waiting job stands for one turn, and a member has at most one turn in a round. All turns are kept in
    order, so that no step looks at every waiting job.
    """

    def __init__(self, limits: Limits, *, in_all: int) -> None:
        """`limits` apply to servers without limits of their own; `in_all` bounds all jobs in flight."""
        self._limits = limits
        self._in_all = in_all
        self._server_limits: dict[int, Limits] = {}
        self._numbers = count()
        self._round = 0
        self._turns: SortedList[_Turn] = SortedList()
        self._running = 0
        self._members: dict[str, _Member] = {}
        self._servers: dict[int | None, _Server] = {}
        self._open_servers: SortedList[_ServerTurn] = SortedList()
        # Members whose limit keeps their first entry from being offered; each has a job that runs.
        self._full_members: set[_Member] = set()

    @property
    def length(self) -> int:
        return len(self._turns)

    @property
    def running(self) -> int:
        """Number of jobs that were admitted and have not left."""
        return self._running

    def set_limits(self, server: int, limits: Limits) -> None:
        if self._limits_of(server) == limits:
            return
        self._server_limits[server] = limits
        for member in tuple(self._full_members):
            self._offer(member)
        if server in self._servers:
            self._update(self._servers[server])
        self._admit_waiting()

    def capacity_for(self, job: Job) -> Capacity:
        """Return the limits that the job has to meet together with the jobs of other processes."""
        limits = self._limits_of(job.place.guild_id)
        return Capacity(self._in_all, per_server=limits.per_server, per_member=limits.per_member)

    def enter(self, job: Job) -> QueueEntry:
        entry = QueueEntry(job, next(self._numbers))
        member = self._member(entry.member)
        last_round = member.turns[-1][0] if member.turns else -1
        turn = (max(self._round, member.next_round, last_round + 1), entry.number, member)
        member.add(entry)
        member.turns.append(turn)
        self._turns.add(turn)
        if member.entries[0] is entry:
            self._withdraw(member)
            self._offer(member)
        self._admit_waiting()
        return entry

    def enter_running(self, job: Job) -> QueueEntry:
        """Enter a job that was in flight before a restart: it uses capacity without waiting."""
        entry = QueueEntry(job, next(self._numbers))
        self._admit(entry)
        return entry

    def leave(self, entry: QueueEntry) -> None:
        member = self._members[entry.member]
        if entry.is_admitted:
            self._running -= 1
            member.running -= 1
            server = self._servers[entry.server]
            server.running -= 1
            self._update(server)
            self._offer(member)
        else:
            # A later job of the member moves up, and the last turn goes.
            member.remove(entry)
            self._turns.remove(member.turns.pop())
            self._withdraw(member)
            self._offer(member)
        if not (member.entries or member.running):
            del self._members[entry.member]
        self._admit_waiting()

    def waiting(self, member: str) -> int:
        """Number of the member's orders that wait; a batch is one."""
        return len(self._members[member].orders) if member in self._members else 0

    def position(self, entry: QueueEntry) -> int:
        """Number of admissions until this entry's own, counted from 1, as if limits held nobody back."""
        member = self._members[entry.member]
        return self._turns.bisect_left(member.turns[member.index(entry)]) + 1

    def next_ids(self, count: int) -> Iterator[str]:
        """Ids of the next jobs, as if limits held none of them back."""
        for turn in islice(self._turns, count):
            member = turn[2]
            yield member.entries[bisect_left(member.turns, turn)].job_id

    def _admit_waiting(self) -> None:
        while self._running < self._in_all and (turn := self._next()) is not None:
            round_, _, member = turn
            self._round = max(self._round, round_)
            self._withdraw(member)
            self._turns.remove(member.turns.pop(0))
            entry = member.entries[0]
            member.remove(entry)
            member.lap = entry.lap
            self._admit(entry)
            self._offer(member)

    def _admit(self, entry: QueueEntry) -> None:
        member, server = self._member(entry.member), self._server(entry.server)
        self._running += 1
        member.running += 1
        member.next_round = self._round + 1
        server.running += 1
        entry.admit()

    def _next(self) -> _Turn | None:
        """Return the first turn that no limit holds back."""
        while self._open_servers:
            server = self._open_servers[0][2]
            limits = self._limits_of(server.id)
            if server.id is not None and server.running >= limits.per_server:
                self._update(server)
                continue
            turn = server.offers[0]
            member = turn[2]
            if member.running < limits.per_member:
                return turn
            self._withdraw(member)
            self._full_members.add(member)
        return None

    def _offer(self, member: _Member) -> None:
        """Put the member's first entry among those that may be admitted."""
        self._full_members.discard(member)
        if not member.entries or member.offer is not None:
            return
        round_, number, _ = member.turns[0]
        server = self._server(member.entries[0].server)
        turn = (max(round_, member.next_round), number, member)
        server.offers.add(turn)
        member.offer = server, turn
        self._update(server)

    def _withdraw(self, member: _Member) -> None:
        self._full_members.discard(member)
        if member.offer is None:
            return
        server, turn = member.offer
        server.offers.remove(turn)
        member.offer = None
        self._update(server)

    def _update(self, server: _Server) -> None:
        """Keep the server's first offer among those of all servers, unless a limit holds the server back."""
        is_full = server.id is not None and server.running >= self._limits_of(server.id).per_server
        first = None if is_full or not server.offers else (*server.offers[0][:2], server)
        if first != server.first:
            if server.first is not None:
                self._open_servers.remove(server.first)
            if first is not None:
                self._open_servers.add(first)
            server.first = first
        if not (server.running or server.offers):
            self._servers.pop(server.id, None)

    def _member(self, account: str) -> _Member:
        if account not in self._members:
            self._members[account] = _Member()
        return self._members[account]

    def _server(self, server_id: int | None) -> _Server:
        if server_id not in self._servers:
            self._servers[server_id] = _Server(server_id)
        return self._servers[server_id]

    def _limits_of(self, server: int | None) -> Limits:
        return self._limits if server is None else self._server_limits.get(server, self._limits)
