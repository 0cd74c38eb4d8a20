"""The bot as one object: built from the settings, opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Never, Protocol

import structlog

from bot.chat.access.allowed_servers import AllowedServers
from bot.chat.access.server_presence import ServerPresence
from bot.chat.access.server_welcome import ServerWelcome
from bot.chat.account.purchases import Purchases
from bot.chat.background import Background
from bot.chat.client import Doppel, build_client
from bot.chat.contexts import Contexts
from bot.chat.delivery.invalid_requests import InvalidRequestCounter, ThrottledWatcher
from bot.chat.errors import ErrorMessages
from bot.chat.messages import Messages
from bot.chat.moderation.delivery_services import DeliveryServices
from bot.chat.shared import Shared
from bot.chat.text import Text
from bot.clock import Clock, WallClock
from bot.faces.detection import AgeEstimator, FaceDetector
from bot.jobs.cluster import Cluster
from bot.jobs.supervision.outage import Outage
from bot.jobs.unknown.reconcile import LateReconciler
from bot.media.workers import MediaWorkers
from bot.ops.dashboard import Dashboard, TimeSeries, TrustedProxies, sampled
from bot.ops.gauges import register_gauges
from bot.ops.health import Health, readiness_checks
from bot.ops.ledger_check import LedgerCheck
from bot.ops.metrics import Metrics
from bot.ops.observed_jobs import observed_ports, traces_of
from bot.ops.sources import Sources
from bot.ops.web import operator_server
from bot.periodic import PeriodicTask
from bot.registry import ModelRegistry, iter_modules, model_registry
from bot.settings import Settings, check_model_names
from bot.store import ShardsLost, SqlStore, ledger_discrepancies
from bot.takedown_form import TakedownForm, takedown_server
from bot.tasks import first_of, running_task
from bot.wiring.chat import serve
from bot.wiring.factories import FEATURES, c2pa_signer_of, segmind_client
from bot.wiring.jobs import JobEngine

log = structlog.stdlib.get_logger(__name__)


class Listener(Protocol):
    """Follows events of Discord."""

    def open(self) -> None:
        """Begin to listen, if the settings ask for it."""
        ...


@dataclass(frozen=True, slots=True)
class App:
    """The bot, ready to connect."""

    client: Doppel
    engine: JobEngine
    store: SqlStore
    models: ModelRegistry
    background: Background
    cluster: Cluster
    listeners: Sequence[Listener]
    outage: Outage
    shared_tasks: Sequence[PeriodicTask]
    """Periodic tasks that one process runs for all."""
    served_at: str | None
    """Address of metrics, health and the dashboard."""
    takedown_form_at: str | None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.Task[Never]]:
        """Resume open jobs and take orders during the block, which the client has to outlive.

        The task fails with the reason once the bot has to end by itself.
        """
        try:
            await self._begin()
            async with running_task(self._supervise(), "supervision") as supervision:
                yield supervision
        finally:
            await self._end()

    async def _begin(self) -> None:
        self.background.begin()
        await self.engine.learned_timings.load()
        await self.engine.learned_rate.refresh()
        # A pause must be known before any job could be submitted.
        await self.engine.pause.refresh()
        log.info("open jobs resumed", count=await self.engine.job_service.resume())
        tasks: list[PeriodicTask] = [
            self.engine.sweep.run,
            self.engine.cancellations.run,
            self.engine.watch.run,
            self.engine.learned_timings.run,
            self.engine.learned_rate.run,
            self.engine.pause.run,
        ]
        for task in (*tasks, *(self.shared_tasks if self.client.is_first else ())):
            self.background.spawn(task())
        for listener in self.listeners:
            listener.open()

    async def _supervise(self) -> Never:
        # Every further write could make a damaged database worse. The cluster runs until another process has
        # taken this one's place.
        await first_of(self.outage.wait_for_damage(), self.cluster.run(self.engine.job_service))
        raise self.outage.damage or ShardsLost

    async def _end(self) -> None:
        """Stop taking orders, and leave each job in its present state."""
        await self.background.close()
        await self.engine.runner.close()
        await self.engine.learned_timings.save()
        await self.engine.learned_rate.refresh()


@asynccontextmanager
async def build_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    face_detector: FaceDetector | None = None,
    age_estimator: AgeEstimator | None = None,
    workers: MediaWorkers | None = None,
) -> AsyncGenerator[App]:
    """Open everything except the connection to Discord. The caller closes its own `workers`."""
    clock = clock or WallClock()
    models, text, metrics = model_registry(FEATURES), Text.load(), Metrics()
    check_model_names(settings, models)
    traces = traces_of(settings, clock)
    database, start = settings.database.url.get_secret_value(), settings.credits.start
    async with AsyncExitStack() as stack:
        if workers is None:
            workers = MediaWorkers()
            stack.callback(workers.close)
        c2pa_signer = await c2pa_signer_of(settings, clock, workers.signing, on_signing=metrics.count_signing)
        if traces is not None:
            stack.push_async_callback(traces.close)
        store = await stack.enter_async_context(
            SqlStore(
                database, start=start, clock=clock, lease=settings.database.lease, commit=metrics.time_commit
            )
        )
        # Served before the process has shards: a process that stands by is alive, but not ready.
        health = Health(store)
        dashboard = Dashboard(
            settings.ops.page_token,
            TimeSeries(metrics, clock),
            clock,
            key_values=store,
            proxies=TrustedProxies(settings.ops.proxy_networks),
        )
        served_at = await stack.enter_async_context(
            operator_server(settings.ops.address, metrics, health, dashboard)
        )
        takedown_form = TakedownForm(settings, store.takedowns, workers.detection, text=text, clock=clock)
        takedown_form_at = await stack.enter_async_context(
            takedown_server(settings.takedown.address, takedown_form)
        )
        outage = Outage(store.probe_write, clock)
        stack.push_async_callback(outage.close)
        segmind = await stack.enter_async_context(
            segmind_client(settings, clock, on_response=metrics.count_segmind_response)
        )
        cluster = Cluster(
            store,
            clock,
            lease=settings.database.lease,
            share_rate=segmind.scheduler.share,
            on_store_unavailable=outage.report,
        )
        invalid_requests = InvalidRequestCounter(
            clock, limit=settings.discord.refusals, on_response=metrics.count_discord_response
        )
        plan = settings.discord.shard_plan
        client = build_client(
            # Waits until other processes leave shards to this one.
            await cluster.shards(plan),
            1 if plan is None else plan.total,
            features=list(iter_modules(FEATURES)),
            key_values=store,
            error_messages=ErrorMessages(text, outage.report, on_error=metrics.count_error),
            guild_id=settings.discord.guild_id,
            contexts=Contexts(settings.contexts),
            http_trace=invalid_requests.trace(),
        )
        shared = Shared(
            settings,
            client,
            store,
            models,
            cards={slug: model.card for slug, model in models.items()},
            text=text,
            clock=clock,
            background=Background(),
            messages=Messages(client, clock, store.moderation),
            message_for=client.message_for,
        )
        delivery = DeliveryServices(
            shared,
            workers,
            c2pa_signer,
            is_throttled=invalid_requests.is_throttled,
            age_estimator=age_estimator,
        )
        watcher = ThrottledWatcher(delivery.watcher, invalid_requests, clock)
        jobs = JobEngine(
            settings,
            observed_ports(segmind, store, watcher, clock=clock, metrics=metrics, traces=traces),
            models=models,
            segmind=segmind,
            store=store,
            operator=delivery.operators,
            outage=outage,
        )
        chat_tasks = serve(client, shared, delivery, jobs, segmind=segmind, face_detector=face_detector)
        health.require(readiness_checks(client, store, cluster, outage))
        sources = Sources(
            settings=settings,
            clock=clock,
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
            store=store,
            client=client,
            invalid_requests=invalid_requests,
        )
        register_gauges(metrics.registry, sources)
        await stack.enter_async_context(sampled(dashboard, sources))
        ledger_check = LedgerCheck(
            partial(ledger_discrepancies, database, start=start, clock=clock), clock, metrics.registry
        )
        app = App(
            client=client,
            engine=jobs,
            store=store,
            models=models,
            background=shared.background,
            cluster=cluster,
            listeners=(
                Purchases(shared, is_first=lambda: client.is_first),
                AllowedServers(shared),
                ServerPresence(shared, client.is_responsible_for),
                ServerWelcome(shared),
            ),
            outage=outage,
            shared_tasks=(LateReconciler(segmind, store, clock).run, *chat_tasks, ledger_check.run),
            served_at=served_at,
            takedown_form_at=takedown_form_at,
        )
        yield app
