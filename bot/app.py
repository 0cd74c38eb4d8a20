"""The composition root: opens everything in order, and closes it in reverse."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr
from yarl import URL

from bot.catalogue import Catalogue, catalogue, features
from bot.chat.background import Background
from bot.chat.client import Doppel, doppel
from bot.chat.endings import Endings
from bot.chat.errors import Words
from bot.chat.inputs import Inputs
from bot.chat.intake import Intake
from bot.chat.messages import Messages
from bot.chat.operators import Operators
from bot.chat.pages import Pages
from bot.chat.refusals import Refusals, Sparing
from bot.chat.reply import Replies
from bot.chat.results import Results
from bot.chat.services import Services
from bot.chat.shop import Shop
from bot.chat.text import Text
from bot.clock import Clock, WallClock
from bot.company import Company
from bot.credits.allowance import Refill
from bot.credits.policy import Policy, Prices
from bot.credits.rules import Bounds, Limits
from bot.jobs.balance import BalanceWatch, Vigilance
from bot.jobs.desk import Desk
from bot.jobs.follow import Follower
from bot.jobs.gate import Gate
from bot.jobs.job import Job
from bot.jobs.late import Latecomers
from bot.jobs.line import Line
from bot.jobs.office import Office
from bot.jobs.outage import Outage
from bot.jobs.ports import World
from bot.jobs.runner import Habits, Runner
from bot.jobs.submit import Caution, Submitter
from bot.media import inspect
from bot.segmind.breaker import Fuse
from bot.segmind.carrier import Timeouts
from bot.segmind.client import Restraint, Retry, SegmindClient
from bot.segmind.download import Patience
from bot.segmind.pacing import Pace, Pacing
from bot.settings import Settings, SettingsError
from bot.store import ShardsLost, SqlStore

log = structlog.stdlib.get_logger(__name__)

FEATURES = "cogs"
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
    shop: Shop
    outage: Outage

    async def begin(self) -> None:
        """Take orders and go on with open jobs, in the context of the caller."""
        self.background.begin()
        log.info("open jobs were taken up", count=await self.desk.resume())
        self.background.post(self._keep_company())
        self.background.post(self._give_up())
        self.background.post(self.watch.run())
        if self.client.is_first:
            self.background.post(self.latecomers.run())
        self.shop.open()

    async def end(self) -> None:
        """Take no more orders, and let go of the jobs where they are."""
        await self.background.close()
        await self.runner.close()

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
async def assembled(settings: Settings, *, clock: Clock | None = None) -> AsyncGenerator[App]:
    """Everything but the connection to Discord."""
    clock = clock or WallClock()
    models = catalogue(FEATURES)
    _check_names(settings, models)
    cards = {slug: model.card for slug, model in models.items()}
    text = Text.load()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(
            SqlStore(
                settings.database.url.get_secret_value(),
                start=settings.credits.start,
                clock=clock,
                lease=settings.database.lease,
            )
        )
        outage = Outage(partial(_try_out, store), clock)
        stack.push_async_callback(outage.close)
        words = Words(text, outage.met)
        segmind = await stack.enter_async_context(segmind_client(settings, clock))
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
        refusals = Refusals(clock, most=settings.discord.refusals)
        client = doppel(
            await company.shards(plan),
            1 if plan is None else plan.total,
            features=list(features(FEATURES)),
            notes=store,
            words=words,
            guild_id=settings.discord.guild_id,
            http_trace=refusals.trace(),
        )
        messages = Messages(client, clock)
        replies = Replies(
            messages=messages,
            endings=Endings(messages=messages, results=Results(cards, text), cards=cards, text=text),
            background=background,
            cards=cards,
            text=text,
            clock=clock,
            gap=settings.discord.edit_gap,
        )
        policy = _policy(settings)
        line = Line(policy.limits, in_all=settings.jobs.in_all)
        gate = Gate(clock, segmind.turnstile, releases=settings.segmind.when_empty == "release")
        watch = BalanceWatch(
            Vigilance(settings.segmind.low_balance, settings.segmind.balance_every),
            account=segmind,
            gate=gate,
            operator=Operators(settings.discord.operators, client=client, background=background, text=text),
            memory=store,
            clock=clock,
        )
        runner = _runner(
            settings,
            World(segmind, store, Sparing(replies, refusals, clock), clock),
            line=line,
            gate=gate,
            watch=watch,
            outage=outage,
            models=models,
        )
        desk = Desk(
            store=store,
            runner=runner,
            line=line,
            gate=gate,
            prices=_prices(settings),
            policy=policy,
            clock=clock,
            waiting_per_member=settings.jobs.waiting_per_member,
        )
        intake = Intake(
            desk=desk,
            inputs=Inputs(segmind if settings.segmind.inputs == "upload" else None),
            messages=messages,
            background=background,
            words=words,
            clock=clock,
            limits=_file_limits(settings),
        )
        client.serve(
            intake,
            Services(
                desk=desk,
                office=Office(books=store, archive=store, policy=policy, line=line, models=models),
                books=store,
                policy=policy,
                cards=cards,
                pages=Pages(text),
                text=text,
                clock=clock,
            ),
        )
        shop = Shop(settings.shop.credits, client=client, books=store, background=background)
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
            shop=shop,
            outage=outage,
        )
        stack.push_async_callback(app.end)
        yield app


async def run(settings: Settings) -> None:
    """Production: connect and serve until told to stop."""
    _point_at(settings)
    serving = asyncio.create_task(_serve(settings), name="serving")

    def stop() -> None:
        log.info("told to stop")
        # Closing the client would leave discord.py in its pauses between two tries, of minutes at worst.
        serving.cancel()

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    with suppress(asyncio.CancelledError):
        await serving
    log.info("stopped")


async def _serve(settings: Settings) -> None:
    token = settings.discord.token
    async with assembled(settings) as app, app.client as client:
        await client.login(token.get_secret_value() if token is not None else "")
        try:
            # Open jobs go on before the gateway is up: editing a message needs no connection to it.
            await app.begin()
            await _connected(client)
            if app.outage.damage is not None:
                raise app.outage.damage
            if app.company.replaced:
                raise ShardsLost
        finally:
            # While the client can still say so to those who wait.
            await app.end()


async def _connected(client: Doppel) -> None:
    """Until the client is closed. discord.py 2.7 bears a lost gateway, but none that is away at first."""
    while True:
        try:
            return await client.connect()
        except AttributeError:
            # It has paused already, and then looked at the connection that there never was.
            if client.ws is not None:  # pyright: ignore[reportUnnecessaryComparison]
                raise


def segmind_client(
    settings: Settings, clock: Clock | None = None, *, bears_outages: bool = True
) -> SegmindClient:
    """One that bears outages waits until Segmind is back, however long; the other is told of each failure."""
    its = settings.segmind
    failures = its.outage_failures if bears_outages else sys.maxsize
    return SegmindClient(
        # Segmind's catalogue is public, so there is something to ask even without a key.
        its.key or SecretStr("none"),
        base_url=its.base_url,
        upload_url=its.upload_base,
        history_url=its.history_base,
        timeouts=Timeouts(total=its.submit_timeout, connect=its.connect_timeout, read=its.read_timeout),
        retry=Retry(attempts=its.retries + 1),
        patience=Patience(total=its.download_timeout, connect=its.connect_timeout),
        allowed_hosts=its.download_hosts,
        restraint=Restraint(
            per_minute=its.requests_per_minute,
            fuse=Fuse(failures, its.outage_pause, its.outage_pause_most),
            patience=its.outage_patience,
        ),
        named_uploads=not its.own,
        clock=clock,
    )


def _runner(
    settings: Settings,
    world: World,
    *,
    line: Line,
    gate: Gate,
    watch: BalanceWatch,
    outage: Outage,
    models: Catalogue,
) -> Runner:
    its = settings.segmind
    patient = Caution()
    caution = Caution(
        unknown_window=its.unknown_window,
        unknown_every=its.unknown_every,
        reconnect=[pause * settings.jobs.pace for pause in patient.reconnect],
    )
    return Runner(
        world,
        line=line,
        submitter=Submitter(world, gate=gate, line=line, caution=caution),
        follower=Follower(world, pace=_pace(settings, models), patience=its.job_timeout, heard=watch.heard),
        outage=outage,
        habits=Habits(
            line_refresh=settings.jobs.line_refresh,
            result_bytes=its.download_bytes,
            result_patience=its.job_timeout,
        ),
    )


async def _try_out(store: SqlStore) -> None:
    """Raises `StoreAway` where nothing of any size can be written."""
    await store.write_note("room", "x" * ROOM)
    await store.write_note("room", "")


def _pace(settings: Settings, models: Catalogue) -> Callable[[Job], Pace]:
    """The paces of all models. Segmind's own choice of hardware and of steps makes for times of their own."""
    usual = {slug: model.card.seconds for slug, model in models.items()}
    pacing = Pacing(usual, scale=settings.jobs.pace)

    def pace(job: Job) -> Pace:
        variant = "/".join(str(job.body[name]) for name in ("hardware", "model_type") if name in job.body)
        return pacing.pace(job.slug, variant)

    return pace


def _check_names(settings: Settings, models: Catalogue) -> None:
    its = settings.credits
    choices = {
        f"{slug}.{option}.{choice}" for slug, model in models.items() for option, choice in model.card.factors
    }
    for setting, named, known, what in (
        ("credits.prices", set(its.prices), set(models), "no model; the models are"),
        ("credits.factors", set(its.factors), choices, "no choice that changes a cost; those are"),
    ):
        if unknown := sorted(named - known):
            raise SettingsError(
                [f"{setting} names {unknown[0]!r}, which is {what} {', '.join(sorted(known))}"]
            )


def _prices(settings: Settings) -> Prices:
    its = settings.credits
    return Prices(its.usd, its.prices, its.factors)


def _policy(settings: Settings) -> Policy:
    its = settings.credits
    return Policy(
        daily=its.daily,
        direct_daily=its.direct_daily,
        refill=Refill(its.refill),
        roles=its.roles,
        monthly=its.server_monthly,
        operator_usd=its.operator_daily_usd,
        limits=Limits(
            per_member=settings.jobs.per_member,
            per_server=settings.jobs.per_server,
            video_seconds=settings.uploads.video_seconds,
            picture_bytes=settings.uploads.picture_bytes,
            video_bytes=settings.uploads.video_bytes,
        ),
        bounds=Bounds(daily=its.daily_most, grant=its.grant_most),
    )


def _file_limits(settings: Settings) -> inspect.Limits:
    its = settings.uploads
    return inspect.Limits(
        picture_bytes=its.picture_bytes,
        video_bytes=its.video_bytes,
        pixels=its.pixels,
        video_seconds=its.video_seconds,
        min_side=its.min_side,
    )


def _point_at(settings: Settings) -> None:
    """Another Discord-compatible server; discord.py keeps these addresses in two places of its own."""
    if settings.discord.api is not None:
        Route.BASE = settings.discord.api
    if settings.discord.gateway is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord.gateway)
