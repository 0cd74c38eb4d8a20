"""The composition root: opens everything in order, and closes it in reverse."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from bot.catalogue import Catalogue, catalogue, features
from bot.chat.background import Background
from bot.chat.before import MOST_BYTES, Befores
from bot.chat.client import Doppel, doppel
from bot.chat.endings import Endings
from bot.chat.errors import Words
from bot.chat.inputs import Inputs
from bot.chat.intake import Intake
from bot.chat.kept import KeptResults
from bot.chat.messages import Messages
from bot.chat.pages import Pages
from bot.chat.recall import Recall
from bot.chat.refusals import Refusals, Sparing
from bot.chat.reply import Replies
from bot.chat.results import Results
from bot.chat.services import Services
from bot.chat.shop import Shop
from bot.chat.text import Text
from bot.clock import Clock, WallClock
from bot.company import Company
from bot.faces.album import Album
from bot.faces.spots import Spotter
from bot.jobs.balance import BalanceWatch, Vigilance
from bot.jobs.desk import Desk
from bot.jobs.gate import Gate
from bot.jobs.late import Latecomers
from bot.jobs.lessons import Lessons
from bot.jobs.line import Line
from bot.jobs.office import Office
from bot.jobs.outage import Outage
from bot.jobs.ports import World
from bot.jobs.runner import Runner
from bot.ops.gauges import Gauges
from bot.ops.health import Health, needed
from bot.ops.jobs import JobMeter
from bot.ops.metrics import Metrics
from bot.ops.observers import ObservedSegmind, ObservedStore
from bot.ops.web import served
from bot.parts import (
    FEATURES,
    album_of,
    check_names,
    contexts_of,
    file_limits,
    pacing_of,
    policy_of,
    prices_of,
    runner_of,
    segmind_client,
)
from bot.protection import Protection
from bot.safety.cases import Escalation
from bot.safety.people import Retention
from bot.settings import Settings
from bot.store import SqlStore

log = structlog.stdlib.get_logger(__name__)

# A database that takes so many bytes takes an order, too.
ROOM = 64 * 1024


@dataclass(frozen=True, slots=True)
class App:
    """The bot, ready to connect."""

    client: Doppel
    desk: Desk
    store: SqlStore
    models: Catalogue
    background: Background
    clock: Clock
    runner: Runner
    company: Company
    watch: BalanceWatch
    latecomers: Latecomers
    lessons: Lessons
    escalation: Escalation
    retention: Retention
    shop: Shop
    outage: Outage
    album: Album
    served_at: str | None
    """Where metrics and health are served."""

    async def begin(self) -> None:
        """Take orders and go on with open jobs, in the context of the caller."""
        self.background.begin()
        await self.lessons.recall()
        log.info("open jobs were taken up", count=await self.desk.resume())
        self.background.post(self._keep_company())
        self.background.post(self._give_up())
        self.background.post(self.watch.run())
        self.background.post(self.lessons.keep())
        if self.client.is_first:
            self.background.post(self.latecomers.run())
            self.background.post(self.escalation.run())
            self.background.post(self.retention.run())
            self.background.post(self.album.keep_swept())
        self.shop.open()

    async def end(self) -> None:
        """Take no more orders, and let go of the jobs where they are."""
        await self.background.close()
        await self.runner.close()
        await self.lessons.save()

    async def _give_up(self) -> None:
        """Stop where the database is damaged: what it holds can only be made worse."""
        await self.outage.damaged()
        await self._close()

    async def _keep_company(self) -> None:
        """For as long as nobody else has taken this process's place."""
        await self.company.keep(self.desk)
        await self._close()

    async def _close(self) -> None:
        # Whoever waits for the client's end cancels this task then, and must not cancel that end with it.
        await asyncio.shield(self.client.close())


@asynccontextmanager
async def assembled(
    settings: Settings, *, clock: Clock | None = None, spotter: Spotter | None = None
) -> AsyncGenerator[App]:
    """Everything but the connection to Discord."""
    clock = clock or WallClock()
    models = catalogue(FEATURES)
    check_names(settings, models)
    cards = {slug: model.card for slug, model in models.items()}
    text = Text.load()
    metrics = Metrics()
    async with AsyncExitStack() as stack:
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
        served_at = await stack.enter_async_context(served(settings.ops.address, metrics, health))
        outage = Outage(partial(_try_out, store), clock)
        stack.push_async_callback(outage.close)
        words = Words(text, outage.met, heard=metrics.refused)
        segmind = await stack.enter_async_context(
            segmind_client(settings, clock, heard=metrics.segmind_answered)
        )
        background = Background()
        company = Company(
            store,
            clock,
            lease=settings.database.lease,
            per_minute=settings.segmind.requests_per_minute,
            set_rate=segmind.turnstile.set_rate,
            away=outage.met,
        )
        plan = settings.discord.shard_plan
        refusals = Refusals(clock, most=settings.discord.refusals, heard=metrics.discord_answered)
        client = doppel(
            await company.shards(plan),
            1 if plan is None else plan.total,
            features=list(features(FEATURES)),
            notes=store,
            words=words,
            guild_id=settings.discord.guild_id,
            contexts=contexts_of(settings),
            http_trace=refusals.trace(),
        )
        messages = Messages(client, clock, store.register.keep_post)
        befores = Befores(
            text, clock, file_limits(settings), most_bytes=MOST_BYTES * settings.card.before_and_after
        )
        results = Results(cards, text)
        protection = Protection(
            settings,
            store,
            client=client,
            messages=messages,
            results=results,
            background=background,
            cards=cards,
            text=text,
            clock=clock,
        )
        replies = Replies(
            messages=messages,
            endings=Endings(
                messages=messages,
                results=results,
                models=models,
                text=text,
                befores=befores,
            ),
            background=background,
            models=models,
            text=text,
            clock=clock,
            gap=settings.discord.edit_gap,
        )
        policy = policy_of(settings)
        line = Line(policy.limits, in_all=settings.jobs.in_all)
        gate = Gate(clock, segmind.turnstile, releases=settings.segmind.when_empty == "release")
        watch = BalanceWatch(
            Vigilance(settings.segmind.low_balance, settings.segmind.balance_every),
            account=segmind,
            gate=gate,
            operator=protection.operators,
            memory=store,
            clock=clock,
        )
        jobs = JobMeter(metrics.registry, clock)
        observed = ObservedStore(store, jobs)
        world = World(
            ObservedSegmind(segmind, jobs, metrics.registry),
            observed,
            Sparing(protection.guard(replies), refusals, clock),
            clock,
        )
        pacing = pacing_of(settings, models)
        runner = runner_of(
            settings,
            world,
            line=line,
            gate=gate,
            watch=watch,
            outage=outage,
            pacing=pacing,
        )
        desk = Desk(
            store=observed,
            runner=runner,
            line=line,
            gate=gate,
            prices=prices_of(settings),
            policy=policy,
            clock=clock,
            waiting_per_member=settings.jobs.waiting_per_member,
        )
        album = album_of(settings, store.shelf, clock)
        inputs = Inputs(segmind, links=settings.segmind.inputs == "link")
        intake = Intake(
            desk=desk,
            doorkeeper=protection.doorkeeper,
            consent=protection.consent,
            inputs=inputs,
            album=album,
            befores=befores,
            messages=messages,
            background=background,
            words=words,
            clock=clock,
            limits=file_limits(settings),
        )
        office = Office(books=store, archive=store, policy=policy, line=line, models=models)
        cases = protection.cases(office)
        client.serve(
            intake,
            Services(
                desk=desk,
                office=office,
                books=store,
                policy=policy,
                cards=cards,
                models=models,
                recall=Recall(segmind),
                pages=Pages(text),
                doorkeeper=protection.doorkeeper,
                consent=protection.consent,
                wardens=protection.wardens,
                cases=cases,
                privacy=protection.privacy(album),
                album=album,
                inputs=inputs,
                source=segmind,
                spotter=spotter,
                kept=KeptResults(segmind, results),
                recents=store.recents,
                background=background,
                text=text,
                clock=clock,
            ),
        )
        gauges = Gauges(metrics.registry)
        gauges.of_line(line)
        gauges.of_segmind(segmind.turnstiles, gate)
        gauges.of_store(store, company, outage)
        gauges.of_discord(client, refusals)
        health.assembled(needed(client, store, outage))
        app = App(
            client=client,
            desk=desk,
            store=store,
            models=models,
            background=background,
            clock=clock,
            runner=runner,
            company=company,
            watch=watch,
            latecomers=Latecomers(segmind, store, clock),
            lessons=Lessons(pacing, store, clock),
            escalation=protection.escalation(cases),
            retention=protection.retention(),
            shop=Shop(settings.shop.credits, client=client, books=store, background=background),
            outage=outage,
            album=album,
            served_at=served_at,
        )
        stack.push_async_callback(app.end)
        yield app


async def _try_out(store: SqlStore) -> None:
    """Raises `StoreAway` where nothing of any size can be written."""
    await store.write_note("room", "x" * ROOM)
    await store.write_note("room", "")
