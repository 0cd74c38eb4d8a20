"""`doppel run`: connects to Discord and serves until it is told to stop."""

import argparse
import asyncio
import importlib.util
import signal
from contextlib import suppress

import aiohttp
import discord
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.app import build_app
from bot.chat.client import Doppel
from bot.cli.allocator import return_freed_files
from bot.cli.gc_tuning import freeze_loaded
from bot.cli.startup import CliError, load_settings
from bot.faces.detection import AgeEstimator, FaceDetector
from bot.ops.web import CannotListen
from bot.settings import Settings
from bot.store import StoreError
from bot.tasks import first_of

log = structlog.stdlib.get_logger(__name__)

FACE_PACKAGES = ("cv2", "numpy")


def run_command(options: argparse.Namespace) -> int:
    settings = load_settings(options)
    if settings.discord.token is None:
        raise CliError(
            "there is no token for Discord: set DISCORD_TOKEN in the environment or in config/secrets.env."
        )
    if settings.segmind.key is None:
        raise CliError(
            "there is no key for Segmind: set SEGMIND_API_KEY in the environment or in config/secrets.env."
        )
    return_freed_files()
    try:
        asyncio.run(_run(settings))
    except (StoreError, CannotListen) as error:
        raise CliError(f"{error}.") from error
    except discord.LoginFailure as error:
        raise CliError(
            "Discord does not accept the token: copy it again from the developer portal."
        ) from error
    except discord.app_commands.CommandSyncFailure as error:
        raise CliError(f"Discord rejected the commands: {error}") from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise CliError(
            f"Discord cannot be reached ({type(error).__name__}): try again in a minute."
        ) from error
    return 0


async def _run(settings: Settings) -> None:
    _set_discord_addresses(settings)
    serving = asyncio.create_task(_serve(settings), name="serving")

    def stop() -> None:
        log.info("stop requested")
        # Closing the client would not interrupt discord.py's pauses between two attempts to connect,
        # which last for minutes at worst.
        serving.cancel()

    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop)
    with suppress(asyncio.CancelledError):
        await serving
    log.info("stopped")


async def _serve(settings: Settings) -> None:
    token = settings.discord.token
    find_faces, youngest_age = _face_operations()
    async with (
        build_app(settings, face_detector=find_faces, age_estimator=youngest_age) as app,
        app.client as client,
    ):
        await client.login(token.get_secret_value() if token is not None else "")
        freeze_loaded()
        # Open jobs resume before the gateway is up: editing a message needs no connection to it. In the end,
        # the client is still open, so members whose orders were cut off can be told.
        async with app.running() as supervision:
            await first_of(_connect(client), supervision)


async def _connect(client: Doppel) -> None:
    """Stay connected until the client is closed.

    discord.py 2.7 reconnects after a lost gateway, but fails if the gateway cannot be reached at first.
    """
    while True:
        try:
            return await client.connect()
        except AttributeError:
            # discord.py has paused already, and then used the connection that it never had.
            if client.ws is not None:  # pyright: ignore[reportUnnecessaryComparison]
                raise


def _set_discord_addresses(settings: Settings) -> None:
    # discord.py keeps the addresses of REST and of the gateway in these two class attributes.
    if settings.discord.api is not None:
        Route.BASE = settings.discord.api
    if settings.discord.gateway is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord.gateway)


def _face_operations() -> tuple[FaceDetector | None, AgeEstimator | None]:
    """Face detector and age estimator, or None if their packages are not installed."""
    if any(importlib.util.find_spec(name) is None for name in FACE_PACKAGES):
        return None, None
    from bot.sandbox.operations import find_faces, youngest_age

    return find_faces, youngest_age
