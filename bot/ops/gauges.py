"""What is read off the parts of the bot whenever somebody asks for the metrics."""

from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from bot.jobs.queue import FairQueue
from bot.jobs.submission_gate import SubmissionGate
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import OperatorPause
from bot.segmind.scheduler import RequestScheduler


class Lease(Protocol):
    def lease_left(self) -> float | None:
        """Seconds; none where no other process could take over."""
        ...


class Company(Protocol):
    @property
    def processes(self) -> int: ...


class Shards(Protocol):
    @property
    def shards_wanted(self) -> int: ...

    @property
    def shards_online(self) -> int: ...


class Refusals(Protocol):
    @property
    def recent(self) -> int: ...


class Gauges:
    """`Gauges(registry).of_line(line)` and so on, each part once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def of_line(self, line: FairQueue, pause: OperatorPause) -> None:
        self._add("doppel_line_waiting_jobs", "Jobs in the line.", lambda: line.length)
        self._add("doppel_line_running_jobs", "Jobs that hold a place at Segmind.", lambda: line.running)
        self._add(
            "doppel_paused_seconds",
            "For how long the operator has let no new job go to Segmind; 0 where they go.",
            lambda: pause.seconds,
        )

    def of_segmind(self, schedulers: Mapping[str, RequestScheduler], gate: SubmissionGate) -> None:
        opened = Gauge(
            "doppel_breaker_open",
            "Whether a service is left alone because it failed time after time.",
            ["service"],
            registry=self._registry,
        )
        for name, scheduler in schedulers.items():
            opened.labels(name).set_function(_reading(scheduler))
        self._add(
            "doppel_segmind_balance_empty",
            "Whether Segmind refuses orders for want of credit.",
            lambda: gate.is_empty,
        )

    def of_store(self, lease: Lease, cluster: Company, outage: Outage) -> None:
        if lease.lease_left() is not None:
            self._add(
                "doppel_lease_left_seconds",
                "Until others may take this process's jobs, unless it renews.",
                lambda: lease.lease_left() or 0.0,
            )
        self._add(
            "doppel_processes",
            "Processes that share the database, this one included.",
            lambda: cluster.processes,
        )
        self._add(
            "doppel_store_away",
            "Whether the database takes nothing, and no orders are taken.",
            outage.is_active,
        )

    def of_discord(self, shards: Shards, refusals: Refusals) -> None:
        self._add("doppel_shards_wanted", "Shards that this process serves.", lambda: shards.shards_wanted)
        self._add(
            "doppel_shards_online",
            "Shards of them that are connected to Discord.",
            lambda: shards.shards_online,
        )
        self._add(
            "doppel_discord_recent_refusals",
            "Answers of 401, 403 and 429 in ten minutes; for too many, Discord bans the address.",
            lambda: refusals.recent,
        )

    def _add(self, name: str, words: str, read: Callable[[], float]) -> None:
        Gauge(name, words, registry=self._registry).set_function(lambda: float(read()))


def _reading(scheduler: RequestScheduler) -> Callable[[], float]:
    return lambda: float(scheduler.in_outage)
