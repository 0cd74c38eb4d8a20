"""The sandbox: the real bot between a simulated Discord, shown in the browser, and a local Segmind."""

import asyncio
import logging
import signal
import webbrowser
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import discord
import simcord
from pydantic import SecretStr

from bot.app import FEATURES, App, assembled
from bot.catalogue import catalogue
from bot.sandbox.door import Door
from bot.sandbox.errors import SandboxError
from bot.sandbox.faces import CannotSwap, FaceEngine
from bot.sandbox.guild import Guild
from bot.sandbox.pulse import Pulse, set_clock
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.welcome import Welcome, lay_out, samples
from bot.settings import Settings
from bot.store import StoreError
from bot.store.leases import take_file

if TYPE_CHECKING:
    from simcord import Preview

__all__ = ["SandboxError", "Wishes", "World", "open_world", "sandbox"]

FOLDER = Path("var")
# Beyond these the bot would look after a job more often than a computer can answer.
SLOWEST, FASTEST = 0.1, 100.0
# Longer than a handler may take; a settling that takes longer is tried again at the next beat.
SETTLE = 2.0
# A local Segmind's dollars cost nothing, and an empty balance would end the play.
DOLLARS = 1000.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says; `folder` is where everything is kept."""

    port: int
    speed: float
    fresh: bool = False
    browser: bool = True
    host: str = "127.0.0.1"
    folder: Path = FOLDER

    def __post_init__(self) -> None:
        if not SLOWEST <= self.speed <= FASTEST:
            raise SandboxError(f"the speed is {self.speed:g}, but must be from {SLOWEST:g} to {FASTEST:g}")


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
        logging.getLogger().setLevel(logging.WARNING)
    async with open_world(settings, wishes) as world:
        stopped = asyncio.ensure_future(world.preview.wait_closed())
        with suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.cancel)
        _announce(world.address, wishes)
        with suppress(asyncio.CancelledError):
            await stopped


@asynccontextmanager
async def open_world(settings: Settings, wishes: Wishes) -> AsyncGenerator[World]:
    door = Door()
    async with door.open(wishes.host, wishes.port) as address, _segmind(wishes) as segmind:
        ours = _adapted(settings, wishes, segmind.url)
        _prepare_database(wishes)
        # Whoever only holds the place: the real bot comes to a server that is there, and at the right time.
        nobody = discord.Client(intents=discord.Intents(guilds=True))
        async with simcord.run(nobody, check_errors=False, settle_timeout=SETTLE) as env:
            guild = Guild.found(env)
            await set_clock(env)
            # Inside of `run`, because the background of the bot keeps the way to Discord of this moment.
            async with _assembled(ours) as app:
                await _join(env, app)
                await _welcome(app, guild, wishes)
                async with (
                    env.preview(
                        guild.channel, viewers=[guild.member, guild.administrator], layout="channel"
                    ) as preview,
                    _beating(Pulse(env, preview)) as turn,
                ):
                    await app.begin()
                    async with door.lead_to(preview.url, turn):
                        yield World(address, app, env, guild, preview, segmind, turn)


@asynccontextmanager
async def _segmind(wishes: Wishes) -> AsyncGenerator[LocalSegmind]:
    engine = FaceEngine()
    try:
        async with LocalSegmind(
            catalogue(FEATURES), engine=engine, refusals=(CannotSwap,), speed=wishes.speed, credits=DOLLARS
        ) as segmind:
            yield segmind
    finally:
        await engine.close()


@asynccontextmanager
async def _assembled(settings: Settings) -> AsyncGenerator[App]:
    try:
        async with assembled(settings) as app:
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
    view = Welcome(app.client, app.models.values(), folder=folder, speed=wishes.speed)
    await channel.send(view=view, files=[discord.File(path) for path in samples()])


@asynccontextmanager
async def _beating(pulse: Pulse) -> AsyncGenerator[asyncio.Lock]:
    beats = asyncio.create_task(pulse.run())
    try:
        yield pulse.turn
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


def _adapted(settings: Settings, wishes: Wishes, segmind: str) -> Settings:
    """The operator's settings, but for everything that leads to a real service."""
    scale = 1 / wishes.speed
    its = settings.segmind
    return settings.model_copy(
        update={
            "discord": settings.discord.model_copy(
                update={
                    "token": None,
                    "guild_id": None,
                    "edit_gap": min(settings.discord.edit_gap, settings.discord.edit_gap * scale),
                }
            ),
            "segmind": its.model_copy(
                update={
                    "key": SecretStr("sandbox"),
                    "base_url": segmind,
                    # The simulated Discord's links lead nowhere.
                    "inputs": "upload",
                    "unknown_window": its.unknown_window * scale,
                    "unknown_every": its.unknown_every * scale,
                }
            ),
            "database": settings.database.model_copy(
                update={"url": SecretStr(f"sqlite:///{_database(wishes)}")}
            ),
            "jobs": settings.jobs.model_copy(
                update={"pace": scale, "line_refresh": settings.jobs.line_refresh * scale}
            ),
        }
    )


def _database(wishes: Wishes) -> Path:
    return wishes.folder / "sandbox.db"


def _prepare_database(wishes: Wishes) -> None:
    path = _database(wishes)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not wishes.fresh:
        return
    try:
        # What another sandbox works with is not deleted under its hands.
        with take_file(path):
            for ending in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
    except StoreError as error:
        raise SandboxError(str(error)) from error


def _announce(address: str, wishes: Wishes) -> None:
    print(f"The sandbox is open: {address}  (Ctrl-C closes it)", flush=True)  # noqa: T201
    if wishes.browser:
        webbrowser.open(address)
