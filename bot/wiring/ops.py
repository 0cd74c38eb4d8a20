"""The operator's side: jobs measured and traced, gauges, and the dashboard's data."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.clock import Clock
from bot.jobs.ports import JobPorts, Watcher
from bot.ops.dashboard import Dashboard, SnapshotReader
from bot.ops.job_metrics import JobMeter
from bot.ops.metrics import Metrics
from bot.ops.observers import FanOut, ObservedSegmind, ObservedStore
from bot.ops.sources import Sources
from bot.segmind.client import SegmindClient
from bot.store import SqlStore
from bot.store.read.dashboard import DashboardQueries
from bot.tasks import running_task

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


@asynccontextmanager
async def sampled(dashboard: Dashboard, sources: Sources) -> AsyncGenerator[None]:
    """Feed the dashboard while the context lasts, if the operator has switched it on."""
    if not dashboard.is_enabled:
        yield
        return
    async with DashboardQueries(sources.settings.database.url.get_secret_value()) as queries:
        snapshots = SnapshotReader(sources, queries, dashboard.series)
        dashboard.attach(snapshots, sources.pause)
        try:
            async with running_task(dashboard.series.run(queries.waiting), "dashboard sampling"):
                yield
        finally:
            await snapshots.close()
