"""Sandbox: the real bot between a simulated Discord, shown in the browser, and a local Segmind."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import discord
import simcord
from pydantic import SecretStr

from bot.app import App, build_app
from bot.ops.logs import configure
from bot.sandbox.errors import SandboxError
from bot.sandbox.guild import Guild
from bot.sandbox.local_env import local_timezone, open_browser
from bot.sandbox.operations import find_faces
from bot.sandbox.proxy import Proxy
from bot.sandbox.saved_state import Chat, SavedState, load, save
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind_server import local_segmind
from bot.sandbox.settings import sandbox_settings
from bot.sandbox.shutdown import wait_until_stopped
from bot.sandbox.ticker import Ticker, set_clock
from bot.sandbox.welcome import Welcome, copy_samples, samples
from bot.settings import Settings
from bot.store import StoreError
from bot.store.backend.leases import lock_file

if TYPE_CHECKING:
    from simcord import Preview

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
    def state(self) -> Path:
        """File of the chat and of the local Segmind's requests."""
        return self.folder / "sandbox.state"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The parts of an open sandbox."""

    address: str
    app: App
    env: simcord.Env
    guild: Guild
    preview: "Preview"
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
        await wait_until_stopped(opened.preview.wait_closed())


@asynccontextmanager
async def open_sandbox(settings: Settings, options: SandboxOptions) -> AsyncGenerator[Sandbox]:
    proxy = Proxy()
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(proxy.open(options.host, options.port))
        _prepare_database(options)
        last_run = load(options.state)
        segmind = await stack.enter_async_context(_segmind(options, last_run))
        # SimCord needs a client to start. The real bot replaces this one once server and clock are ready.
        placeholder = discord.Client(intents=discord.Intents(guilds=True))
        async with simcord.run(placeholder, check_errors=False, settle_timeout=SETTLE_TIMEOUT) as env:
            guild = Guild.create(env)
            await set_clock(env)
            # Nobody types this token: the proxy adds it to every request.
            token = SecretStr(secrets.token_urlsafe())
            adapted_settings = sandbox_settings(
                settings,
                segmind=segmind.url,
                speed=options.speed,
                database=options.database,
                page_token=token,
            )
            async with _running_app(adapted_settings) as app:
                await _join(env, app)
                await _open_chat(env, app, guild, options, last_run)
                async with _page(env, guild) as preview, _ticking(Ticker(env, preview)) as lock:
                    await app.begin()
                    async with (
                        proxy.forward_to(preview.url, lock),
                        proxy.forward_operator_to(app.served_at, token),
                    ):
                        yield Sandbox(address, app, env, guild, preview, segmind, lock)
            # The app is closed, so no message and no request changes any more.
            save(options.state, SavedState(Chat.of(env, guild.channel.id), segmind.save()))


@asynccontextmanager
async def _running_app(settings: Settings) -> AsyncGenerator[App]:
    try:
        async with build_app(settings, face_detector=find_faces) as app:
            yield app
    except StoreError as error:
        raise SandboxError(str(error)) from error


async def _join(env: simcord.Env, app: App) -> None:
    await env.restart_bot(app.client)
    # The store remembers that Discord has the commands, but this simulated Discord is new.
    await app.client.tree.sync()
    if app.client.user is not None:
        await app.client.user.edit(username="Doppel")


@asynccontextmanager
async def _segmind(options: SandboxOptions, last_run: SavedState | None) -> AsyncGenerator[LocalSegmind]:
    """The local Segmind on its last port, where the bot and the chat know its files, or on a free one."""
    port = 0 if last_run is None else last_run.segmind.port
    async with AsyncExitStack() as stack:
        try:
            segmind = await stack.enter_async_context(local_segmind(options.speed, port=port))
        except SandboxError:
            segmind = await stack.enter_async_context(local_segmind(options.speed))
        if last_run is not None:
            segmind.restore(last_run.segmind)
        yield segmind


async def _open_chat(
    env: simcord.Env, app: App, guild: Guild, options: SandboxOptions, last_run: SavedState | None
) -> None:
    """Restore the chat of the last run, or begin one with the welcome message."""
    channel = app.client.get_partial_messageable(guild.channel.id, guild_id=guild.id)
    folder = copy_samples(options.folder / "samples")
    view = Welcome(
        app.client.orders.order_handler.handle, app.models.values(), folder=folder, speed=options.speed
    )
    if last_run is not None and last_run.chat.channel_id == guild.channel.id:
        last_run.chat.restore(env)
        app.client.add_view(view)
        return
    await channel.send(view=view, files=[discord.File(path) for path in samples()])


def _page(env: simcord.Env, guild: Guild) -> "Preview":
    viewers = [guild.member, guild.administrator]
    return env.preview(guild.channel, viewers=viewers, layout="channel", timezone=local_timezone())


@asynccontextmanager
async def _ticking(ticker: Ticker) -> AsyncGenerator[asyncio.Lock]:
    task = asyncio.create_task(ticker.run())
    try:
        yield ticker.lock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _prepare_database(options: SandboxOptions) -> None:
    path = options.database
    path.parent.mkdir(parents=True, exist_ok=True)
    if not options.fresh:
        return
    try:
        # Taking the file keeps the database of another running sandbox from being deleted.
        with lock_file(path):
            for suffix in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            options.state.unlink(missing_ok=True)
    except StoreError as error:
        raise SandboxError(str(error)) from error
