"""The local Segmind with its face engine: by itself on the command line, or as a part of the sandbox."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from bot.registry import model_registry
from bot.sandbox.errors import SandboxError, cannot_listen
from bot.sandbox.faces import CannotSwap, FaceEngine
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.shutdown import stopped
from bot.wiring.factories import FEATURES

# Beyond these the bot would look after a job more often than a computer can answer.
SLOWEST, FASTEST = 0.1, 100.0
# These dollars cost nothing, and an empty balance would end the play.
DOLLARS = 1000.0


async def serve(host: str, port: int, speed: float) -> None:
    """Say where it is and how it is used, and serve until told to stop."""
    async with local_segmind(speed, host=host, port=port) as segmind:
        print(  # noqa: T201
            f"A local Segmind is at {segmind.url}  (Ctrl-C closes it)\n"
            f"To use it: SEGMIND_BASE_URL={segmind.url} SEGMIND_API_KEY=anything doppel run",
            flush=True,
        )
        await stopped(asyncio.Event().wait())


@asynccontextmanager
async def local_segmind(
    speed: float, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncGenerator[LocalSegmind]:
    if not SLOWEST <= speed <= FASTEST:
        raise SandboxError(f"the speed is {speed:g}, but must be from {SLOWEST:g} to {FASTEST:g}")
    engine = FaceEngine()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.close)
        local = LocalSegmind(
            model_registry(FEATURES),
            engine=engine,
            refusals=(CannotSwap,),
            host=host,
            port=port,
            speed=speed,
            credits=DOLLARS,
        )
        try:
            segmind = await stack.enter_async_context(local)
        except (OSError, OverflowError) as error:
            raise cannot_listen(host, port, error) from error
        yield segmind
