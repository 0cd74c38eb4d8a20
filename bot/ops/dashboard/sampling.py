"""Feeds the dashboard while the bot runs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.ops.dashboard.routes import Dashboard
from bot.ops.dashboard.snapshot import SnapshotReader
from bot.ops.sources import Sources
from bot.store.read.dashboard import DashboardQueries
from bot.tasks import running_task


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
