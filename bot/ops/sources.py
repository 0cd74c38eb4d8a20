"""Parts of the bot as health, gauges and the dashboard read them."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.clock import Clock
from bot.jobs.supervision.balance import BalanceMonitor
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import OperatorPause
from bot.jobs.waiting.queue import FairQueue
from bot.jobs.waiting.submission_gate import SubmissionGate
from bot.ledger.policy import Policy
from bot.models import ModelCard
from bot.segmind.polling import PollTimings
from bot.segmind.rate import KeyRate
from bot.segmind.scheduler import RequestScheduler
from bot.settings import Settings


class Store(Protocol):
    """The database."""

    def lease_left(self) -> float | None:
        """Seconds of this process's claim on its jobs; None if no other process could take over."""
        ...

    def ping(self) -> Awaitable[None]:
        """Raise if the database does not answer."""
        ...

    def unreadable_jobs(self) -> int:
        """Number of open jobs that nobody runs, because this version cannot read them."""
        ...


class Cluster(Protocol):
    """The processes that share the database."""

    @property
    def processes(self) -> int: ...

    @property
    def is_failing(self) -> bool:
        """Return whether the checks of the other processes keep failing."""
        ...


class Client(Protocol):
    """The Discord client."""

    @property
    def shards_wanted(self) -> int: ...

    @property
    def shards_online(self) -> int: ...

    def is_ready(self) -> bool: ...

    def server_name(self, guild_id: int) -> str | None:
        """Return the name of a server that this process serves."""
        ...


class InvalidRequests(Protocol):
    """Discord's count of invalid requests."""

    @property
    def recent(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Parts of the bot that gauges and the dashboard read."""

    settings: Settings
    clock: Clock
    cards: Mapping[str, ModelCard]
    policy: Policy
    queue: FairQueue
    gate: SubmissionGate
    pause: OperatorPause
    balance: BalanceMonitor
    timings: PollTimings
    rate: KeyRate
    schedulers: Mapping[str, RequestScheduler]
    outage: Outage
    cluster: Cluster
    store: Store
    client: Client
    invalid_requests: InvalidRequests
