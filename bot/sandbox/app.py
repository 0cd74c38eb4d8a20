"""Sandbox: the real bot between a simulated Discord, shown in the browser, and a local Segmind."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import discord
import simcord
from pydantic import SecretStr

from bot.app import App, build_app
from bot.media.workers import MediaWorkers
from bot.ops.logs import configure
from bot.sandbox.chat import Chat
from bot.sandbox.errors import SandboxError
from bot.sandbox.guild import Guild
from bot.sandbox.local_env import local_timezone, open_browser
from bot.sandbox.memory import saving
from bot.sandbox.operations import find_faces, youngest_age
from bot.sandbox.preview import ChannelsPreview
from bot.sandbox.proxy import Proxy
from bot.sandbox.quick_preview import quick_preview
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind_server import local_segmind
from bot.sandbox.settings import sandbox_settings
from bot.sandbox.shutdown import wait_until_stopped
from bot.sandbox.ticker import Ticker, set_clock
from bot.sandbox.welcome import copy_samples, furnish, post_welcome
from bot.settings import Settings
from bot.store import StoreError
from bot.store.backend.leases import lock_file
from bot.tasks import first_of, running_task

__all__ = ["Sandbox", "SandboxError", "SandboxOptions", "open_sandbox", "run_sandbox"]

# Longer than a handler usually takes; if it takes longer, the ticker settles again at its next tick.
SETTLE_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Options of the command line; `folder` holds the database and the samples."""

    port: int
    speed: float
    fresh: bool = False
    browser: bool = True
    host: str = "127.0.0.1"
    folder: Path = Path("var")

    @property
    def database(self) -> Path:
        return self.folder / "sandbox.db"

    @property
    def discord(self) -> Path:
        return self.folder / "sandbox-discord"

    @property
    def segmind(self) -> Path:
        return self.folder / "sandbox-segmind"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The parts of an open sandbox."""

    address: str
    app: App
    supervision: asyncio.Task[Never]
    """Fails with the reason if the bot ends by itself."""
    env: simcord.Env
    guild: Guild
    preview: ChannelsPreview
    segmind: LocalSegmind
    lock: asyncio.Lock
    """Held during every action on the simulated Discord."""


async def run_sandbox(settings: Settings, options: SandboxOptions) -> None:
    """Open the sandbox, print its address and keep it open until it is stopped."""
    if settings.ops.log_level == "info":
        # The page shows what happens; "debug" shows it in the terminal as well.
        configure(format=settings.ops.log_format, level="warning", secrets=settings.secrets)
    async with open_sandbox(settings, options) as opened:
        print(f"The sandbox is open: {opened.address}  (Ctrl-C closes it)", flush=True)  # noqa: T201
        if options.browser:
            await open_browser(opened.address)
        await wait_until_stopped(first_of(opened.preview.wait_closed(), opened.supervision))


@asynccontextmanager
async def open_sandbox(
    settings: Settings, options: SandboxOptions, *, workers: MediaWorkers | None = None
) -> AsyncGenerator[Sandbox]:
    """Open everything, and the browser's page at last. The caller closes its own `workers`."""
    proxy = Proxy()
    async with AsyncExitStack() as stack:
        stack.enter_context(quick_preview())
        address = await stack.enter_async_context(proxy.open(options.host, options.port))
        _prepare_folder(options)
        segmind = await stack.enter_async_context(local_segmind(options.speed, folder=options.segmind))
        # SimCord needs a client to start. The real bot replaces this one once server and clock are ready.
        placeholder = discord.Client(intents=discord.Intents(guilds=True))
        env = await stack.enter_async_context(
            simcord.run(placeholder, check_errors=False, settle_timeout=SETTLE_TIMEOUT)
        )
        guild = Guild.create(env)
        await set_clock(env)
        chat = Chat(env, options.discord)
        chat.restore()

        def save() -> None:
            chat.save()
            segmind.save()

        # Nobody types this token: the proxy adds it to every request.
        token = SecretStr(secrets.token_urlsafe())
        adapted_settings = sandbox_settings(
            settings,
            segmind=segmind.url,
            speed=options.speed,
            database=options.database,
            page_token=token,
        )
        app = await stack.enter_async_context(_running_app(adapted_settings, save, workers))
        await _join(env, app)
        folder = copy_samples(options.folder / "samples")
        is_new = await post_welcome(app, guild, folder=folder, speed=options.speed)
        preview = _page(env, guild)
        await stack.enter_async_context(preview)
        ticker = Ticker(env, preview, proxy.show_change)
        await stack.enter_async_context(running_task(ticker.run(), "ticker"))
        supervision = await stack.enter_async_context(app.running())
        if is_new:
            async with ticker.lock:
                await furnish(guild)
        await stack.enter_async_context(saving(save))
        await stack.enter_async_context(proxy.forward_to(preview.url, ticker.lock))
        await stack.enter_async_context(proxy.forward_operator_to(app.served_at, token))
        yield Sandbox(address, app, supervision, env, guild, preview, segmind, ticker.lock)


@asynccontextmanager
async def _running_app(
    settings: Settings, save: Callable[[], None], workers: MediaWorkers | None
) -> AsyncGenerator[App]:
    opened = False
    try:
        async with build_app(
            settings, face_detector=find_faces, age_estimator=youngest_age, workers=workers
        ) as app:
            opened = True
            yield app
    except StoreError as error:
        raise SandboxError(str(error)) from error
    finally:
        # A closing bot may still edit messages. One that could not open must leave the folder to its owner.
        if opened:
            save()


async def _join(env: simcord.Env, app: App) -> None:
    await env.restart_bot(app.client)
    # The store remembers that Discord has the commands, but this simulated Discord is new.
    await app.client.tree.sync()
    if app.client.user is not None:
        await app.client.user.edit(username="Doppel")


def _page(env: simcord.Env, guild: Guild) -> ChannelsPreview:
    return ChannelsPreview(env, guild.channels, guild.people, timezone=local_timezone())


def _prepare_folder(options: SandboxOptions) -> None:
    path = options.database
    path.parent.mkdir(parents=True, exist_ok=True)
    if not options.fresh:
        return
    try:
        # Taking the file keeps the database of another running sandbox from being deleted.
        with lock_file(path):
            for suffix in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            for folder in (options.discord, options.segmind):
                shutil.rmtree(folder, ignore_errors=True)
    except StoreError as error:
        raise SandboxError(str(error)) from error
