"""Hostile files sent to the running bot by two members, one without credits, while another one orders."""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from bot.clock import WallClock
from bot.media.workers import QUICK_PIXELS
from bot.sandbox.segmind import LocalSegmind
from bot.sandbox.settings import FACE_KEY
from bot.store import SqlStore
from tests.bench.figures import Figure, at_most, plain
from tests.bench.load import USUAL, Same
from tests.clocks import HeldClock
from tests.discord.entities import Member
from tests.discord.environment import SLUG, Environment
from tests.discord.program import Program, program
from tests.discord.server import SmallDiscord
from tests.discord.user import Reply, eventually
from tests.harness import MODELS
from tests.media.bombs import bombs
from tests.media.files import picture, saved
from tests.wording import wording

MIB = 2**20
# A job's own time at Segmind.
JOB_SECONDS = 2.0
# Hostile commands of each member on their way at a time.
AT_ONCE = 4
# A hostile member's own orders wait for each other.
WORST = 600.0
_SUFFIXES = {".mp4", ".webm", ".gif", ".webp"}


@dataclass(slots=True)
class Seen:
    """What the members and the machine have noticed."""

    sent: int = 0
    first_answers: list[float] = field(default_factory=list[float])
    to_picture: list[float] = field(default_factory=list[float])
    memory_before: int = 0
    memory: int = 0
    faults: list[str] = field(default_factory=list[str])
    held: Sequence[tuple[float, float]] = ()
    """Blocks of the event loop: the seconds, and those of them in which the bot itself ran."""
    to_exit: float = 0.0
    exit_code: int = 0


def figures() -> Iterator[Figure]:
    load = os.getloadavg()[0]
    seen = asyncio.run(run({name: make() for name, make in bombs().items()}))
    yield plain("hostile files: load of the machine before", load, "")
    yield plain("hostile files: commands sent with one", seen.sent, "")
    yield at_most("hostile files: unexpected answers", len(seen.faults), "", 0)
    yield at_most("hostile files: first answer to another member, slowest", max(seen.first_answers), "s", 1)
    yield at_most("hostile files: order to picture of another member, slowest", max(seen.to_picture), "s", 30)
    yield at_most("hostile files: memory above before", (seen.memory - seen.memory_before) / MIB, "MiB", 300)
    yield at_most("hostile files: longest block", 1000 * max(own for _, own in seen.held), "ms", 50)
    yield plain("hostile files: longest block with other programs", 1000 * max(seen.held)[0], "ms")
    yield at_most("hostile files: SIGTERM to exit", seen.to_exit, "s", 10)


async def run(hostile: Mapping[str, bytes]) -> Seen:
    """Send all files from both members, and SIGTERM while the bot has some of them once more."""
    seen, rich, poor, bob = Seen(), Member("rich"), Member("poor"), Member("bob")
    async with _running(rich, bob) as (environment, bot, lags):
        await _warm_up(environment, bob)
        seen.memory_before = memory_of(bot.pid)
        began = time.time()
        attack = asyncio.gather(
            _attack(environment, rich, hostile, seen), _attack(environment, poor, hostile, seen)
        )
        watching = asyncio.create_task(_watch_memory(bot, seen))
        while not attack.done() or not seen.to_picture:
            await _order(environment, bob, seen)
        await attack
        watching.cancel()
        seen.held = [(lag, own) for at, lag, own in _lines(lags) if at > began] or [(0.0, 0.0)]
        again = [
            asyncio.create_task(_attack(environment, member, hostile, Seen())) for member in (rich, poor)
        ]
        last = await environment.order(member=bob)
        await last.acknowledged()
        before = time.monotonic()
        seen.exit_code = await bot.terminate()
        seen.to_exit = time.monotonic() - before
        for task in again:
            task.cancel()
        await asyncio.wait(again)
    return seen


def memory_of(process: int) -> int:
    """Bytes of a process and its children; what they share counts once."""
    total = 0
    # A child may end meanwhile.
    with suppress(OSError):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        total = next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        for thread in Path(f"/proc/{process}/task").iterdir():
            total += sum(memory_of(int(child)) for child in (thread / "children").read_text().split())
    return total


@asynccontextmanager
async def _running(*with_credits: Member) -> AsyncGenerator[tuple[Environment, Program, Path]]:
    segmind = LocalSegmind(
        MODELS, engine=Same(), credits=1_000_000.0, speed=USUAL / JOB_SECONDS, workers=1000
    )
    with TemporaryDirectory() as name:
        async with SmallDiscord(inspect=False) as discord, segmind:
            environment, folder = Environment(discord, segmind, HeldClock(), Path(name)), Path(name)
            changes = {
                "SEGMIND_API_KEY": "key-of-the-bench",
                "DOPPEL_CREDITS__START": "0",
                "DOPPEL_FACES__KEY": FACE_KEY.get_secret_value(),
                "DOPPEL_OPS__LISTEN": "127.0.0.1:0",
                "DOPPEL_JOBS__PACE": "1",
                "DOPPEL_CARD__BEFORE_AND_AFTER": "true",
            }
            variables = environment.variables | changes
            async with SqlStore(f"sqlite:///{environment.database}", start=0, clock=WallClock()):
                pass
            for member in with_credits:
                grant = ("credits", "grant", str(discord.guild.id), str(member.id), "100000")
                async with program(*grant, cwd=folder, environment=variables) as granting:
                    assert await granting.end() == 0, granting.output
            lags = folder / "lags"
            async with program(
                str(lags), "run", cwd=folder, environment=variables, module="tests.bench.measured_bot"
            ) as bot:
                await discord.online()
                await eventually(lambda: SLUG in discord.commands, lambda: bot.output)
                yield environment, bot, lags


async def _order(environment: Environment, member: Member, seen: Seen) -> None:
    began = time.monotonic()
    reply = await environment.order(member=member)
    seen.first_answers.append(time.monotonic() - began)
    await reply.wait_for("Completed")
    seen.to_picture.append(time.monotonic() - began)


async def _warm_up(environment: Environment, member: Member) -> None:
    """Start every worker that ordinary members need, because a child stays for a while."""
    await _order(environment, member, Seen())
    large = saved(Image.new("L", (4096, QUICK_PIXELS // 4096 + 1)), "PNG")
    small = ("b.png", picture("PNG", 640, 480))
    ordered = await environment.order(member=member, source_image=("a.png", large), target_image=small)
    await ordered.wait_for("Completed")
    saved_face = await environment.discord.slash("face save", member=member, picture=small, name="mine")
    await eventually(lambda: _answer(saved_face), lambda: f"an answer to {saved_face.texts}")


async def _attack(environment: Environment, member: Member, hostile: Mapping[str, bytes], seen: Seen) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def send(command: str, name: str, options: Mapping[str, Any]) -> None:
        async with turns:
            reply = await environment.discord.slash(command, member=member, **options)
            seen.sent += 1
            said = await eventually(
                lambda: _answer(reply), lambda: f"an answer to {command} {name}: {reply.texts}", WORST
            )
            if wording("refused.unexpected") in said:
                seen.faults.append(f"{command} {name}: {said}")

    await asyncio.gather(*(send(*each) for each in _commands(hostile)))


def _commands(hostile: Mapping[str, bytes]) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    """Every way in which a member can send each file."""
    face = ("a.png", picture("PNG"))
    for number, (name, content) in enumerate(hostile.items()):
        file = (name, content)
        yield "ai-face-swap", name, {"target": file, "source_image": face}
        if Path(name).suffix not in _SUFFIXES:
            yield SLUG, name, {"target_image": face, "source_image": file}
            yield "face save", name, {"picture": file, "name": f"face {number}"}


def _answer(reply: Reply) -> str | None:
    """The last word of a refusal, or of a card that has one."""
    shown = [
        *reply.interaction.follow_ups,
        *([reply.interaction.message] if reply.interaction.message else []),
    ]
    said = "\n".join(edit.text for message in shown for edit in message.edits[-1:])
    waits = not said or any(word in said for word in ("Queued", "Processing", "Waiting"))
    return None if waits else said


async def _watch_memory(bot: Program, seen: Seen) -> None:
    while True:
        seen.memory = max(seen.memory, await asyncio.to_thread(memory_of, bot.pid))
        await asyncio.sleep(0.05)


def _lines(file: Path) -> list[tuple[float, float, float]]:
    return [tuple(json.loads(line)) for line in file.read_text().splitlines()]
