"""The composition root: opens everything in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from bot.chat.account.purchases import Purchases
from bot.chat.background import Background
from bot.chat.client import Doppel, doppel
from bot.chat.delivery.invalid_requests import InvalidRequestCounter, ThrottledWatcher
from bot.chat.errors import ErrorMessages
from bot.chat.text import Text
from bot.clock import Clock, WallClock
from bot.faces.detection import FaceDetector
from bot.faces.saved_faces import SavedFaces
from bot.jobs.cluster import Cluster
from bot.jobs.ports import JobPorts
from bot.jobs.reconcile import LateReconciler
from bot.jobs.supervision.outage import Outage
from bot.ops.dashboard import OperatorPage, TimeSeries
from bot.ops.gauges import Gauges
from bot.ops.health import Health, needed
from bot.ops.job_metrics import JobMeter
from bot.ops.ledger_check import Audit
from bot.ops.metrics import Metrics
from bot.ops.observers import FanOut, ObservedSegmind, ObservedStore
from bot.ops.web import served
from bot.registry import ModelRegistry, iter_modules, model_registry
from bot.settings import Settings
from bot.store import SqlStore, audited
from bot.wiring.chat import ChatParts
from bot.wiring.factories import FEATURES, c2pa_signer_of, check_names, contexts_of, segmind_client, traces_of
from bot.wiring.jobs import JobEngine
from bot.wiring.moderation import ModerationParts
from bot.wiring.ops import wire_dashboard
from bot.wiring.services import wire_services

log = structlog.stdlib.get_logger(__name__)

# A database that takes so many bytes takes an order, too.
PROBE_BYTES = 64 * 1024

PeriodicTask = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class App:
    """The bot, ready to connect."""

    client: Doppel
    engine: JobEngine
    store: SqlStore
    models: ModelRegistry
    background: Background
    cluster: Cluster
    shop: Purchases
    outage: Outage
    saved_faces: SavedFaces
    chores: Sequence[PeriodicTask]
    """What one process does for all, for as long as it lives."""
    served_at: str | None
    """Where metrics and health are served."""

    async def begin(self) -> None:
        """Take orders and go on with open jobs, in the context of the caller."""
        self.background.begin()
        await self.engine.learned_timings.load()
        # Before any of them could go on.
        await self.engine.pause.refresh()
        log.info("open jobs were taken up", count=await self.engine.job_service.resume())
        self.background.spawn(self._keep_company())
        self.background.spawn(self._give_up())
        self.background.spawn(self.engine.watch.run())
        self.background.spawn(self.engine.learned_timings.run())
        self.background.spawn(self.engine.pause.run())
        if self.client.is_first:
            for chore in self.chores:
                self.background.spawn(chore())
        self.shop.open()

    async def end(self) -> None:
        """Take no more orders, and let go of the jobs where they are."""
        await self.background.close()
        await self.engine.runner.close()
        await self.engine.learned_timings.save()

    async def _give_up(self) -> None:
        """Stop where the database is damaged: what it holds can only be made worse."""
        await self.outage.wait_for_damage()
        await self._close()

    async def _keep_company(self) -> None:
        """For as long as nobody else has taken this process's place."""
        await self.cluster.run(self.engine.job_service)
        await self._close()

    async def _close(self) -> None:
        # Whoever waits for the client's end cancels this task then, and must not cancel that end with it.
        await asyncio.shield(self.client.close())


@asynccontextmanager
async def build_app(
    settings: Settings, *, clock: Clock | None = None, face_detector: FaceDetector | None = None
) -> AsyncGenerator[App]:
    """Everything but the connection to Discord."""
    clock = clock or WallClock()
    models = model_registry(FEATURES)
    check_names(settings, models)
    text = Text.load()
    metrics = Metrics()
    c2pa_signer = c2pa_signer_of(settings, clock, heard=metrics.signed)
    traces = traces_of(settings, clock)
    async with AsyncExitStack() as stack:
        if traces is not None:
            stack.push_async_callback(traces.close)
        store = await stack.enter_async_context(
            SqlStore(
                settings.database.url.get_secret_value(),
                start=settings.credits.start,
                clock=clock,
                lease=settings.database.lease,
                commit=metrics.commit,
            )
        )
        health = Health(store)
        # Before there are shards: whoever stands by for them is well, and not ready.
        page = OperatorPage(settings.ops.page_token, TimeSeries(metrics, clock), clock)
        served_at = await stack.enter_async_context(served(settings.ops.address, metrics, health, page))
        outage = Outage(partial(_probe_write, store), clock)
        stack.push_async_callback(outage.close)
        segmind = await stack.enter_async_context(
            segmind_client(settings, clock, heard=metrics.segmind_answered)
        )
        cluster = Cluster(
            store,
            clock,
            lease=settings.database.lease,
            per_minute=settings.segmind.requests_per_minute,
            set_rate=segmind.scheduler.set_rate,
            on_store_unavailable=outage.report,
        )
        refusals = InvalidRequestCounter(
            clock, most=settings.discord.refusals, heard=metrics.discord_answered
        )
        words = ErrorMessages(text, outage.report, on_error=metrics.refused)
        client = await _client(settings, cluster, refusals, store=store, words=words)
        front = ChatParts(
            settings, client, store, models=models, text=text, clock=clock, c2pa_signer=c2pa_signer
        )
        protection = ModerationParts(settings, store, front)
        meter = JobMeter(metrics.registry, clock)
        jobs = meter if traces is None else FanOut(meter, traces)
        world = JobPorts(
            ObservedSegmind(segmind, jobs, metrics.registry),
            ObservedStore(store, jobs),
            ThrottledWatcher(protection.guard(front.replies), refusals, clock),
            clock,
        )
        engine = JobEngine(
            settings,
            world,
            models=models,
            segmind=segmind,
            store=store,
            operator=protection.operators,
            outage=outage,
        )
        cases = protection.cases(engine.credit_admin)
        approvals = protection.approvals(engine.job_service, segmind)
        wire_services(
            settings,
            front,
            protection,
            engine,
            cases,
            approvals=approvals,
            segmind=segmind,
            store=store,
            face_detector=face_detector,
            words=words,
        )
        gauges = Gauges(metrics.registry)
        gauges.of_line(engine.line, engine.pause)
        gauges.of_segmind(segmind.schedulers, engine.gate)
        gauges.of_store(store, cluster, outage)
        gauges.of_discord(client, refusals)
        books = partial(
            audited, settings.database.url.get_secret_value(), start=settings.credits.start, clock=clock
        )
        health.assembled(needed(client, store, outage))
        await stack.enter_async_context(
            wire_dashboard(
                settings,
                page,
                engine,
                front,
                segmind=segmind,
                store=store,
                cluster=cluster,
                outage=outage,
                refusals=refusals,
            )
        )
        app = App(
            client=client,
            engine=engine,
            store=store,
            models=models,
            background=front.background,
            cluster=cluster,
            shop=Purchases(
                settings.shop.credits,
                client=client,
                is_first=lambda: client.is_first,
                books=store,
                background=front.background,
            ),
            outage=outage,
            saved_faces=front.saved_faces,
            chores=(
                LateReconciler(segmind, store, clock).run,
                protection.escalation(cases).run,
                protection.waiting(approvals).run,
                protection.retention().run,
                front.saved_faces.keep_swept,
                Audit(books, clock, metrics.registry).run,
            ),
            served_at=served_at,
        )
        stack.push_async_callback(app.end)
        yield app


async def _client(
    settings: Settings,
    cluster: Cluster,
    refusals: InvalidRequestCounter,
    *,
    store: SqlStore,
    words: ErrorMessages,
) -> Doppel:
    """For the shards that this process comes to serve, as soon as there are some."""
    plan = settings.discord.shard_plan
    return doppel(
        await cluster.shards(plan),
        1 if plan is None else plan.total,
        features=list(iter_modules(FEATURES)),
        key_values=store,
        error_messages=words,
        guild_id=settings.discord.guild_id,
        contexts=contexts_of(settings),
        http_trace=refusals.trace(),
    )


async def _probe_write(store: SqlStore) -> None:
    """Raises `StoreAway` where nothing of any size can be written."""
    await store.write_value("room", "x" * PROBE_BYTES)
    await store.write_value("room", "")
