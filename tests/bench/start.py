"""Time from the start of the process to Discord's READY and to the first answered command."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.bench.figures import Figure, at_most, plain
from tests.bench.load import usage
from tests.clocks import HeldClock
from tests.discord.environment import Environment
from tests.discord.program import program
from tests.discord.server import SmallDiscord
from tests.harness import local_segmind

ROUNDS = 7
ROOT = Path(__file__).parents[2]
# No bot of this kind starts faster than its libraries.
LIBRARIES = "import aiohttp, discord.ext.commands, pydantic, sqlalchemy, structlog"


def figures() -> Iterator[Figure]:
    yield plain("start: importing its libraries alone", _importing(LIBRARIES), "s")
    yield plain("start: importing the bot", _importing("import bot.cli.run"), "s")
    ready, cpu, answered = zip(*asyncio.run(_starts()), strict=True)
    yield plain("start: until READY", median(ready), "s")
    # The first of the starts also makes the tables.
    yield at_most("start: processor until READY", median(cpu), "s", 0.7)
    yield at_most("start: until the first command is answered", median(answered), "s", 1.5)


def _importing(statement: str) -> float:
    return median(_time_of(sys.executable, "-c", statement) for _ in range(ROUNDS))


def _time_of(*command: str) -> float:
    began = perf_counter()
    subprocess.run(command, cwd=ROOT, check=True)
    return perf_counter() - began


async def _starts() -> Sequence[tuple[float, float, float]]:
    clock = HeldClock()
    with TemporaryDirectory() as folder:
        async with SmallDiscord() as discord, local_segmind(clock) as segmind:
            environment = Environment(discord, segmind, clock, Path(folder), launch=program)
            return [await _start(environment) for _ in range(ROUNDS)]


async def _start(environment: Environment) -> tuple[float, float, float]:
    began = perf_counter()
    async with environment.bot() as bot:
        await environment.discord.online()
        ready, cpu = perf_counter() - began, usage(bot.pid).cpu
        # The first start registers the commands; nobody can send one before.
        while not environment.discord.commands:
            await asyncio.sleep(0.001)
        await environment.order()
        answered = perf_counter() - began
        await bot.terminate()
    return ready, cpu, answered
