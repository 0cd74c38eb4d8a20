"""Local Segmind with the face engine, for `doppel segmind` and the sandbox."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.registry import model_registry
from bot.sandbox.errors import SandboxError, cannot_listen
from bot.sandbox.faces.engine import FaceEngine
from bot.sandbox.faces.errors import CannotSwap
from bot.sandbox.segmind import Faults, LocalSegmind
from bot.sandbox.shutdown import wait_until_stopped
from bot.wiring.factories import FEATURES

# At higher speeds the bot would poll more often than the computer can answer.
MIN_SPEED, MAX_SPEED = 0.1, 100.0
# The dollars are not real, and an empty balance would stop the sandbox.
BALANCE_USD = 1000.0


def parse_faults(text: str, seed: int) -> Faults:
    try:
        return Faults.parse(text, seed)
    except ValueError as error:
        raise SandboxError(f"the faults cannot be read: {error}") from error


async def serve(host: str, port: int, speed: float, faults: Faults | None = None) -> None:
    """Serve until stopped; print the address and how to use it."""
    async with local_segmind(speed, host=host, port=port, faults=faults) as segmind:
        print(  # noqa: T201
            f"A local Segmind is at {segmind.url}  (Ctrl-C closes it)\n"
            f"To use it: SEGMIND_BASE_URL={segmind.url} SEGMIND_API_KEY=anything doppel run",
            flush=True,
        )
        await wait_until_stopped(asyncio.Event().wait())


@asynccontextmanager
async def local_segmind(
    speed: float,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    faults: Faults | None = None,
    folder: Path | None = None,
) -> AsyncGenerator[LocalSegmind]:
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise SandboxError(f"the speed is {speed:g}, but must be from {MIN_SPEED:g} to {MAX_SPEED:g}")
    engine = FaceEngine()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.close)
        local = LocalSegmind(
            model_registry(FEATURES),
            engine=engine,
            user_errors=(CannotSwap,),
            host=host,
            port=port,
            speed=speed,
            credits=BALANCE_USD,
            faults=faults,
            folder=folder,
        )
        try:
            segmind = await stack.enter_async_context(local)
        except (OSError, OverflowError) as error:
            raise cannot_listen(host, port, error) from error
        yield segmind
