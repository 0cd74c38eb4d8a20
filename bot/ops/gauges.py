"""Gauges that are read from the parts of the bot at each scrape."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge

from bot.jobs.queue import FairQueue
from bot.jobs.submission_gate import SubmissionGate
from bot.jobs.supervision.outage import Outage
from bot.jobs.supervision.pause import OperatorPause
from bot.ops.sources import Cluster, InvalidRequests, Shards, Store
from bot.segmind.scheduler import RequestScheduler


class Gauges:
    """Registers the gauges of one part after the other; call each method once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def of_jobs(self, queue: FairQueue, pause: OperatorPause) -> None:
        self._add("doppel_jobs_waiting", "Jobs in the queue of this process.", lambda: queue.length)
        self._add("doppel_jobs_in_flight", "Jobs that occupy capacity at Segmind.", lambda: queue.running)
        self._add(
            "doppel_submissions_paused_seconds",
            "Seconds since the operator paused submissions; 0 if they are not paused.",
            lambda: pause.seconds,
        )

    def of_segmind(self, schedulers: Mapping[str, RequestScheduler], gate: SubmissionGate) -> None:
        breakers = Gauge(
            "doppel_segmind_breaker_open",
            "1 if the breaker of a service is open after repeated failures.",
            ["service"],
            registry=self._registry,
        )
        for name, scheduler in schedulers.items():
            breakers.labels(name).set_function(_breaker_state(scheduler))
        self._add(
            "doppel_segmind_balance_empty",
            "1 if Segmind rejects submissions for lack of credit.",
            lambda: gate.is_empty,
        )

    def of_rate(self, per_minute: Callable[[], float]) -> None:
        self._add(
            "doppel_segmind_rate_per_minute",
            "Requests a minute that the key allows: the configured limit, or less after refusals.",
            per_minute,
        )

    def of_store(self, store: Store, cluster: Cluster, outage: Outage) -> None:
        if store.lease_left() is not None:
            self._add(
                "doppel_lease_remaining_seconds",
                "Seconds until other processes may take over this one's jobs, unless it renews its lease.",
                lambda: store.lease_left() or 0.0,
            )
        self._add(
            "doppel_workers",
            "Processes that share the database, including this one.",
            lambda: cluster.processes,
        )
        self._add(
            "doppel_jobs_unreadable",
            "Open jobs that nobody runs, because this version cannot read them.",
            store.unreadable_jobs,
        )
        self._add(
            "doppel_store_unavailable",
            "1 if the database cannot be written to, so that no orders are taken.",
            outage.is_active,
        )

    def of_discord(self, shards: Shards, invalid_requests: InvalidRequests) -> None:
        self._add("doppel_shards_assigned", "Shards that this process serves.", lambda: shards.shards_wanted)
        self._add(
            "doppel_shards_connected",
            "Shards of this process that are connected to Discord.",
            lambda: shards.shards_online,
        )
        self._add(
            "doppel_discord_recent_invalid_requests",
            "Responses of 401, 403 and 429 in ten minutes; Discord bans the address after too many.",
            lambda: invalid_requests.recent,
        )

    def _add(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        Gauge(name, documentation, registry=self._registry).set_function(lambda: float(read()))


def _breaker_state(scheduler: RequestScheduler) -> Callable[[], float]:
    return lambda: float(scheduler.in_outage)
