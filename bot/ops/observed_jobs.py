"""Jobs observed by metrics and, if the operator wants them, by traces."""

from typing import TYPE_CHECKING

from bot.clock import Clock
from bot.jobs.ports import JobPorts, Segmind, Store, Watcher
from bot.ops.job_metrics import JobMeter
from bot.ops.metrics import Metrics
from bot.ops.observers import FanOut, ObservedSegmind, ObservedStore
from bot.settings import Settings, SettingsError

if TYPE_CHECKING:
    from bot.ops.tracing import JobTraces


def observed_ports(
    segmind: Segmind,
    store: Store,
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


def traces_of(settings: Settings, clock: Clock) -> "JobTraces | None":
    """Exporter of job traces, or None if the operator has not switched traces on."""
    if not settings.ops.traces:
        return None
    plan = settings.discord.shard_plan
    try:
        from bot.ops.tracing import JobTraces  # noqa: PLC0415 - its packages come with an extra

        return JobTraces(clock, shards=1 if plan is None else plan.total)
    except ImportError:
        missing = "the packages for it are missing: `pip install 'doppel[otel]'`"
        raise SettingsError([f"jobs cannot be traced: {missing}"]) from None
    except ValueError as error:
        raise SettingsError([f"jobs cannot be traced: {error}"]) from None
