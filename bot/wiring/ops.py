"""What the operator's page looks at, put together; nothing looks where there is no page."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.chat.delivery.invalid_requests import InvalidRequestCounter
from bot.jobs.cluster import Cluster
from bot.jobs.supervision.outage import Outage
from bot.ops.dashboard import OperatorPage, SnapshotReader, Sources
from bot.ops.dashboard.snapshot import Bounds
from bot.segmind.client import SegmindClient
from bot.settings import Settings
from bot.store import SqlStore
from bot.store.read.dashboard import DashboardQueries
from bot.wiring.chat import ChatParts
from bot.wiring.jobs import JobEngine


@asynccontextmanager
async def wire_dashboard(
    settings: Settings,
    page: OperatorPage,
    engine: JobEngine,
    front: ChatParts,
    *,
    segmind: SegmindClient,
    store: SqlStore,
    cluster: Cluster,
    outage: Outage,
    refusals: InvalidRequestCounter,
) -> AsyncGenerator[None]:
    if not page.is_there:
        yield
        return
    async with DashboardQueries(settings.database.url.get_secret_value()) as overview:
        sources = Sources(
            overview=overview,
            cards=front.cards,
            policy=engine.policy,
            bounds=_bounds(settings),
            line=engine.line,
            gate=engine.gate,
            pause=engine.pause,
            watch=engine.watch,
            timings=engine.timings,
            schedulers=segmind.schedulers,
            outage=outage,
            cluster=cluster,
            lease=store,
            client=front.client,
            refusals=refusals,
        )
        figures = SnapshotReader(sources, page.ring, front.clock)
        page.assembled(figures, engine.pause)
        sampling = asyncio.create_task(page.ring.run(overview.waiting), name="the operator's page")
        try:
            yield
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
            await figures.close()


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        per_minute=settings.segmind.requests_per_minute,
        per_member=settings.jobs.per_member,
        per_server=settings.jobs.per_server,
        in_all=settings.jobs.in_all,
        waiting_per_member=settings.jobs.waiting_per_member,
        low_balance=settings.segmind.low_balance,
        refusals=settings.discord.refusals,
        escalate_hours=settings.safety.escalate_hours,
        pace=settings.jobs.pace,
    )
