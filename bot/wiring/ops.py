"""The operator's side: jobs measured and traced, gauges, and the dashboard's data."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.chat.client import Doppel
from bot.chat.delivery.invalid_requests import InvalidRequestCounter
from bot.chat.shared import Shared
from bot.chat.text import Text
from bot.clock import Clock
from bot.jobs.cluster import Cluster
from bot.jobs.ports import JobPorts, Watcher
from bot.jobs.supervision.outage import Outage
from bot.media.types import Limits
from bot.media.workers import MediaWorkers
from bot.moderation.origin import CheckQuota
from bot.ops.dashboard import Dashboard, SnapshotReader, Sources, TrustedProxies
from bot.ops.gauges import Gauges
from bot.ops.job_metrics import JobMeter
from bot.ops.metrics import Metrics
from bot.ops.observers import FanOut, ObservedSegmind, ObservedStore
from bot.segmind.client import SegmindClient
from bot.settings import Settings
from bot.store import SqlStore
from bot.store.read.dashboard import DashboardQueries
from bot.takedown_form import Pages, TakedownForm
from bot.tasks import beside
from bot.wiring.jobs import JobEngine

if TYPE_CHECKING:
    from bot.ops.tracing import JobTraces


def observed_ports(
    segmind: SegmindClient,
    store: SqlStore,
    watcher: Watcher,
    *,
    clock: Clock,
    metrics: Metrics,
    traces: "JobTraces | None",
) -> JobPorts:
    """Ports of the jobs whose calls metrics and traces follow."""
    meter = JobMeter(metrics.registry, clock)
    listener = meter if traces is None else FanOut(meter, traces)
    observed = ObservedSegmind(segmind, listener, metrics.registry)
    return JobPorts(observed, ObservedStore(store, listener), watcher, clock)


def takedown_form_of(
    settings: Settings, store: SqlStore, workers: MediaWorkers, *, text: Text, clock: Clock
) -> TakedownForm:
    section = settings.takedown
    return TakedownForm(
        store.takedowns,
        Pages(text, contact=section.contact, hours=section.hours),
        worker=workers.detection,
        limits=Limits(**settings.uploads.model_dump()),
        hours=section.hours,
        proxies=TrustedProxies(settings.ops.proxy_networks),
        requests=(CheckQuota(clock, 5), CheckQuota(clock, 40)),
        lookups=(CheckQuota(clock, 30), CheckQuota(clock, 600)),
    )


@asynccontextmanager
async def operated(
    shared: Shared,
    dashboard: Dashboard,
    jobs: JobEngine,
    metrics: Metrics,
    *,
    client: Doppel,
    segmind: SegmindClient,
    store: SqlStore,
    cluster: Cluster,
    outage: Outage,
    invalid_requests: InvalidRequestCounter,
) -> AsyncGenerator[None]:
    """Register the gauges, and feed the dashboard if there is one."""
    gauges = Gauges(metrics.registry)
    gauges.of_jobs(jobs.queue, jobs.pause)
    gauges.of_segmind(segmind.schedulers, jobs.gate)
    gauges.of_rate(lambda: segmind.rate.per_minute(shared.clock.now()))
    gauges.of_store(store, cluster, outage)
    gauges.of_discord(client, invalid_requests)
    if not dashboard.is_enabled:
        yield
        return
    async with DashboardQueries(shared.settings.database.url.get_secret_value()) as queries:
        sources = Sources(
            settings=shared.settings,
            queries=queries,
            cards=shared.cards,
            policy=jobs.policy,
            queue=jobs.queue,
            gate=jobs.gate,
            pause=jobs.pause,
            balance=jobs.watch,
            timings=jobs.timings,
            rate=segmind.rate,
            schedulers=segmind.schedulers,
            outage=outage,
            cluster=cluster,
            lease=store,
            client=client,
            invalid_requests=invalid_requests,
        )
        snapshots = SnapshotReader(sources, dashboard.series, shared.clock)
        dashboard.attach(snapshots, jobs.pause)
        try:
            async with beside(dashboard.series.run(queries.waiting), "dashboard sampling"):
                yield
        finally:
            await snapshots.close()
