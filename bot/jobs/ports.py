"""Ports of the job engine: the protocols through which it reaches Segmind, the database and members."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from bot.clock import Clock
from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job
from bot.jobs.stages import Stage
from bot.ledger.policy import MemberTerms
from bot.segmind.history import Found, HistoryRow
from bot.segmind.outputs import Output
from bot.segmind.polling import PollPlan
from bot.segmind.states import Accepted, State


class Segmind(Protocol):
    """Segmind's API, as far as a job needs it."""

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted: ...

    async def status(self, request_id: str, plan: PollPlan | None = None) -> State:
        """Return the state of a request; `plan` says how urgent it is to know."""
        ...

    async def history_page(self, page: int, *, since: float, until: float) -> Sequence[HistoryRow]:
        """Return a page of the history, newest request first; an empty one lies behind its end."""
        ...

    async def history_record(self, request_id: str) -> Found | None:
        """Return the history's record of a request of any age."""
        ...

    async def fetch(self, output: Output, *, limit: int) -> bytes: ...


class StoreError(Exception):
    """Root of the store's errors."""


class StoreUnavailable(StoreError):
    """The database cannot be used for now; the current change may or may not have been written."""

    is_permanent = False
    """True if waiting does not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database cannot be used: {reason}")


class StaleJob(Exception):
    """Another process owns the job, or it has moved on: this copy must not be used any more."""


class RequestTaken(Exception):
    """Another job has this request id, and a request belongs to one job."""


UNKNOWN_CAPACITY_SECONDS = 120.0
"""Time after the submission for which a job of unknown outcome counts as in flight.

A request that hangs for longer has usually ended or never arrived.
"""


@dataclass(frozen=True, slots=True)
class Capacity:
    """Number of jobs that may be in flight over all processes: in all, per server and per member."""

    in_all: int
    per_server: int
    per_member: int


class OpenJob(NamedTuple):
    """Place of an open job in the order of their creation."""

    created_at: float
    id: str


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """Waiting job that asks for a slot, a part of the capacity."""

    job: Job
    capacity: Capacity
    waited: float
    """Seconds since the job was ordered."""


class Store(Protocol):
    """Durable jobs, with their holds and budgets."""

    async def open(self, job: Job, terms: MemberTerms, *others: Job) -> None:
        """Write the job, its hold and its share of the budgets in one transaction.

        `others` are the other jobs of its batch: all of them are written, or none.

        Raises `NotEnoughCredits` or `CapReached`, with nothing written.
        """
        ...

    async def share_slots(
        self, requests: Sequence[SlotRequest], *, held: Collection[str]
    ) -> Mapping[str, int]:
        """Give free slots to the jobs that were ordered first, over all processes.

        Return each job's position among those that ask for slots, 0 for one that has its slot by now, and
        nothing for one that is stale. `held` are the ids of the jobs that have a slot and use it.
        """
        ...

    async def move(self, job: Job, to: Job) -> Job:
        """Replace `job` by `to` if it is unchanged and this worker's own, else raise `StaleJob`.

        Where another job has the same request id, raise `RequestTaken`.

        A move to DONE captures the hold and a move to any other settled state releases it,
        in the same transaction.
        """
        ...

    def lease_left(self) -> float | None:
        """Seconds until other processes may adopt this one's jobs, or None where there can be no others."""
        ...

    async def mark_told(self, job: Job) -> None:
        """Close the job: its delivery is over."""
        ...

    async def find(self, job_id: str) -> Job | None: ...

    async def find_batch(self, batch: str) -> Sequence[Job]:
        """Return the jobs of a batch, in the order of its files."""
        ...

    async def find_own(self, job_id: str) -> Job | None:
        """Return the job if this worker owns it."""
        ...

    async def owns(self, job_id: str) -> bool:
        """Return whether the job is open and this worker's, and its lease is valid."""
        ...

    async def open_jobs(self, after: OpenJob | None) -> Sequence[OpenJob]:
        """Return the next open jobs of this worker, oldest first; empty after the last one."""
        ...

    async def request_cancellation(self, job_id: str) -> bool:
        """Ask the worker that owns a job to cancel it; return whether it waits to be submitted."""
        ...

    async def to_cancel(self) -> Sequence[Job]:
        """Return the waiting jobs of this worker that it was asked to cancel."""
        ...

    def adopt(self) -> AsyncIterator[Sequence[Job]]:
        """Take over the open jobs whose owner has no valid lease, in slices.

        Those that Segmind may have come first, then the waiting ones, each the oldest first.
        """
        ...


class Watcher(Protocol):
    """Shows members what happens to their jobs. It reports, and never moves credits."""

    def show(self, job: Job, stage: Stage) -> None:
        """Take note of a new stage; return at once."""
        ...

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        """Show how the job ended, or give up: return when nothing more can be done.

        Return a `Refund`, and show nothing, where nobody may see the result. The runner then makes the
        refund and calls `finish` again with the refund's reason, which is always shown.
        An exception stands for a fault that a later try may not meet.
        """
        ...


@dataclass(frozen=True, slots=True)
class JobPorts:
    """Everything outside of the engine that a job uses."""

    segmind: Segmind
    store: Store
    watcher: Watcher
    clock: Clock


class SharedValues(Protocol):
    """Values shared by all processes, so that one of them acts for all, also over restarts."""

    async def read_value(self, name: str) -> str | None: ...

    async def swap_value(self, name: str, text: str) -> str | None:
        """Write the value; return the previous one."""
        ...


class KeyValues(Protocol):
    """Small texts by key, kept over restarts and shared by all processes."""

    async def read_value(self, name: str) -> str | None: ...

    async def write_value(self, name: str, text: str) -> None: ...
