"""The sandbox: the real bot between a simulated Discord, shown in the browser, and a local Segmind."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import discord
import simcord
from pydantic import SecretStr

from bot.app import App, build_app
from bot.ops.logs import configure
from bot.sandbox.errors import SandboxError
from bot.sandbox.faces.detection.detector import LocalFaceDetector
from bot.sandbox.guild import Guild
from bot.sandbox.local_env import local_timezone, show
from bot.sandbox.proxy import Door
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.segmind_server import local_segmind
from bot.sandbox.settings import adapted
from bot.sandbox.shutdown import stopped
from bot.sandbox.ticker import Pulse, set_clock
from bot.sandbox.welcome import Welcome, lay_out, samples
from bot.settings import Settings
from bot.store import StoreError
from bot.store.backend.leases import lock_file

if TYPE_CHECKING:
    from simcord import Preview

__all__ = ["SandboxError", "Wishes", "World", "open_world", "sandbox"]

# Longer than a handler may take; a settling that takes longer is tried again at the next beat.
SETTLE = 2.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says; `folder` is where everything is kept."""

    port: int
    speed: float
    fresh: bool = False
    browser: bool = True
    host: str = "127.0.0.1"
    folder: Path = Path("var")

    @property
    def database(self) -> Path:
        return self.folder / "sandbox.db"


@dataclass(frozen=True, slots=True)
class World:
    """The open sandbox."""

    address: str
    app: App
    env: simcord.Env
    guild: Guild
    preview: "Preview"
    segmind: LocalSegmind
    turn: asyncio.Lock
    """Held while anybody acts on the simulated Discord."""


async def sandbox(settings: Settings, wishes: Wishes) -> None:
    """Open the sandbox, say where it is, and keep it open until told to stop."""
    if settings.ops.log_level == "info":
        # What happens is seen on the page; whoever wants it in the terminal, too, asks for "debug".
        configure(format=settings.ops.log_format, level="warning", secrets=settings.secrets)
    async with open_world(settings, wishes) as world:
        print(f"The sandbox is open: {world.address}  (Ctrl-C closes it)", flush=True)  # noqa: T201
        if wishes.browser:
            await show(world.address)
        await stopped(world.preview.wait_closed())


@asynccontextmanager
async def open_world(settings: Settings, wishes: Wishes) -> AsyncGenerator[World]:
    door = Door()
    async with door.open(wishes.host, wishes.port) as address, local_segmind(wishes.speed) as segmind:
        _prepare_database(wishes)
        # Whoever only holds the place: the real bot comes to a server that is there, and at the right time.
        nobody = discord.Client(intents=discord.Intents(guilds=True))
        async with simcord.run(nobody, check_errors=False, settle_timeout=SETTLE) as env:
            guild = Guild.found(env)
            await set_clock(env)
            # Nobody has to know it: the door shows it for whoever comes in by it.
            token = SecretStr(secrets.token_urlsafe())
            ours = adapted(
                settings,
                segmind=segmind.url,
                speed=wishes.speed,
                database=wishes.database,
                page_token=token,
            )
            async with _assembled(ours) as app:
                await _join(env, app)
                await _welcome(app, guild, wishes)
                async with _page(env, guild) as preview, _beating(Pulse(env, preview)) as turn:
                    await app.begin()
                    async with door.lead_to(preview.url, turn), door.lead_operator_to(app.served_at, token):
                        yield World(address, app, env, guild, preview, segmind, turn)


@asynccontextmanager
async def _assembled(settings: Settings) -> AsyncGenerator[App]:
    try:
        async with build_app(settings, face_detector=LocalFaceDetector()) as app:
            yield app
    except StoreError as error:
        raise SandboxError(str(error)) from error


async def _join(env: simcord.Env, app: App) -> None:
    await env.restart_bot(app.client)
    # The store remembers that Discord knows the commands; this Discord was born a moment ago.
    await app.client.tree.sync()
    if app.client.user is not None:
        await app.client.user.edit(username="Doppel")


async def _welcome(app: App, guild: Guild, wishes: Wishes) -> None:
    channel = app.client.get_partial_messageable(guild.channel.id, guild_id=guild.id)
    folder = lay_out(wishes.folder / "samples")
    view = Welcome(
        app.client.orders.order_handler.handle, app.models.values(), folder=folder, speed=wishes.speed
    )
    await channel.send(view=view, files=[discord.File(path) for path in samples()])


def _page(env: simcord.Env, guild: Guild) -> "Preview":
    viewers = [guild.member, guild.administrator]
    return env.preview(guild.channel, viewers=viewers, layout="channel", timezone=local_timezone())


@asynccontextmanager
async def _beating(pulse: Pulse) -> AsyncGenerator[asyncio.Lock]:
    beats = asyncio.create_task(pulse.run())
    try:
        yield pulse.turn
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


def _prepare_database(wishes: Wishes) -> None:
    path = wishes.database
    path.parent.mkdir(parents=True, exist_ok=True)
    if not wishes.fresh:
        return
    try:
        # What another sandbox works with is not deleted under its hands.
        with lock_file(path):
            for ending in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
    except StoreError as error:
        raise SandboxError(str(error)) from error
