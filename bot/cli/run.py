"""Production: the bot connects to Discord and serves until it is told to stop."""

import asyncio
import signal
from contextlib import suppress

import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.app import build_app
from bot.chat.client import Doppel
from bot.cli.gc_tuning import relax_gc
from bot.faces.detection import FaceDetector
from bot.settings import Settings
from bot.store import ShardsLost

log = structlog.stdlib.get_logger(__name__)


async def run(settings: Settings, *, face_detector: FaceDetector | None = None) -> None:
    """Connect and serve until told to stop."""
    _point_at(settings)
    serving = asyncio.create_task(_serve(settings, face_detector), name="serving")

    def stop() -> None:
        log.info("told to stop")
        # Closing the client would leave discord.py in its pauses between two tries, of minutes at worst.
        serving.cancel()

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    with suppress(asyncio.CancelledError):
        await serving
    log.info("stopped")


async def _serve(settings: Settings, face_detector: FaceDetector | None) -> None:
    token = settings.discord.token
    async with build_app(settings, face_detector=face_detector) as app, app.client as client:
        await client.login(token.get_secret_value() if token is not None else "")
        try:
            relax_gc()
            # Open jobs go on before the gateway is up: editing a message needs no connection to it.
            await app.begin()
            await _connected(client)
            if app.outage.damage is not None:
                raise app.outage.damage
            if app.cluster.replaced:
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


def _point_at(settings: Settings) -> None:
    """Another Discord-compatible server; discord.py keeps these addresses in two places of its own."""
    if settings.discord.api is not None:
        Route.BASE = settings.discord.api
    if settings.discord.gateway is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord.gateway)
