"""What the runner needs of the world, as protocols that others fill in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.clock import Clock
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.jobs.stages import Stage
from bot.ledger.account import Balance
from bot.ledger.policy import MemberTerms
from bot.ledger.server_rules import ServerRules
from bot.segmind.protocol import Accepted, Found, Output, State


class Segmind(Protocol):
    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted: ...

    async def status(self, request_id: str) -> State: ...

    async def find(self, nonce: str, *, slug: str, since: float, until: float) -> Found | None: ...

    async def history_record(self, request_id: str) -> Found | None:
        """What the history knows of a request, of any age."""
        ...

    async def fetch(self, output: Output, *, limit: int) -> bytes: ...


class StoreError(Exception):
    """Root of what can go wrong with the store."""


class StoreAway(StoreError):
    """The database takes nothing for now; whether the change in hand was still written is not known."""

    lasting = False
    """Whether it will never take anything again, by itself."""


class StaleJob(Exception):
    """The job belongs to another process by now, or moved on: whoever holds this copy must let go."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many jobs may be at Segmind at once, over all processes: in all, of one server, of one member."""

    in_all: int
    per_server: int
    per_member: int


class AtCapacity(Exception):
    """Other processes have as many jobs at Segmind as may be: to be tried again in a moment."""


class Store(Protocol):
    async def balance(self, account: str) -> Balance: ...

    async def rules(self, guild_id: int) -> ServerRules:
        """What the administrators of this server have set."""
        ...

    async def all_rules(self) -> Mapping[int, ServerRules]: ...

    async def open(self, job: Job, terms: MemberTerms) -> None:
        """Write the job, its hold and its share of the budgets in one transaction.

        Raises `NotEnoughCredits` or `CapReached`, with nothing written.
        """
        ...

    async def move(self, job: Job, to: Job, *, capacity: Capacity | None = None) -> Job:
        """Replace `job` by `to` if it still is what it was and still ours, else raise `StaleJob`.

        With a `capacity`, raise `AtCapacity` if the move would exceed it.

        A move to DONE captures the hold and a move to any other settled state releases it,
        in the same transaction.
        """
        ...

    async def mark_told(self, job: Job) -> None:
        """The member knows how it ended: the job is closed."""
        ...

    async def find(self, job_id: str) -> Job | None: ...

    async def adopt(self) -> Sequence[Job]:
        """Take over every open job that has no living owner, oldest first."""
        ...


class Watcher(Protocol):
    """Who shows a member what happens. Nothing that a watcher does or fails to do decides about money."""

    def show(self, job: Job, stage: Stage) -> None:
        """Something changed; returns at once."""
        ...

    async def finish(self, job: Job, result: bytes | None) -> Delivery:
        """Show how it ended, or give up: returns when nothing more can be done.

        What it raises is a fault that a later try may not meet.
        """
        ...


@dataclass(frozen=True, slots=True)
class JobPorts:
    """All that a job meets outside."""

    segmind: Segmind
    store: Store
    watcher: Watcher
    clock: Clock


class KeyValues(Protocol):
    """A place that remembers small things over restarts."""

    async def read_value(self, name: str) -> str | None: ...

    async def write_value(self, name: str, text: str) -> None: ...
