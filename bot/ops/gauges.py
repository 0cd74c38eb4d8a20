"""Gauges that are read from the parts of the bot at each scrape."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from bot.ops.sources import Sources
from bot.segmind.scheduler import RequestScheduler


def register_gauges(registry: CollectorRegistry, sources: Sources) -> None:
    """Register every gauge; call this once for each registry."""

    def add(name: str, documentation: str, read: Callable[[], float]) -> None:
        Gauge(name, documentation, registry=registry).set_function(lambda: float(read()))

    queue, store, client = sources.queue, sources.store, sources.client
    add("doppel_jobs_waiting", "Jobs in the queue of this process.", lambda: queue.length)
    add("doppel_jobs_in_flight", "Jobs that occupy capacity at Segmind.", lambda: queue.running)
    add(
        "doppel_submissions_paused_seconds",
        "Seconds since the operator paused submissions; 0 if they are not paused.",
        lambda: sources.pause.seconds,
    )
    breakers = Gauge(
        "doppel_segmind_breaker_open",
        "1 while the circuit breaker of a service is open after repeated failures.",
        ["service"],
        registry=registry,
    )
    for name, scheduler in sources.schedulers.items():
        breakers.labels(name).set_function(_breaker_state(scheduler))
    add(
        "doppel_segmind_balance_empty",
        "1 while Segmind rejects submissions for lack of credit.",
        lambda: sources.gate.is_empty,
    )
    add(
        "doppel_segmind_rate_per_minute",
        "Requests per minute with the key: the configured limit, or less after rejections.",
        lambda: sources.rate.per_minute(sources.clock.now()),
    )
    if store.lease_left() is not None:
        add(
            "doppel_lease_remaining_seconds",
            "Seconds until other processes may take over this one's jobs, unless it renews its lease.",
            lambda: store.lease_left() or 0.0,
        )
    add(
        "doppel_workers",
        "Processes that share the database, including this one.",
        lambda: sources.cluster.processes,
    )
    add(
        "doppel_jobs_unreadable",
        "Open jobs that no process runs, because this version cannot read them.",
        store.unreadable_jobs,
    )
    add(
        "doppel_store_unavailable",
        "1 while the database cannot be written to and the bot takes no orders.",
        sources.outage.is_active,
    )
    add("doppel_shards_assigned", "Shards that this process serves.", lambda: client.shards_wanted)
    add(
        "doppel_shards_connected",
        "Shards of this process that are connected to Discord.",
        lambda: client.shards_online,
    )
    add(
        "doppel_discord_recent_invalid_requests",
        "Responses of 401, 403 and 429 in ten minutes; Discord bans the address after too many.",
        lambda: sources.invalid_requests.recent,
    )


def _breaker_state(scheduler: RequestScheduler) -> Callable[[], float]:
    return lambda: float(scheduler.in_outage)
