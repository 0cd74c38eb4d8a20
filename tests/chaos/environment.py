"""All that outlives the bot in a storm: a Discord, a Segmind, a database, and the settings to find them."""

import random
import re
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.segmind import Faults, LocalSegmind, Submission
from tests.chaos.crashing_bot import Fate
from tests.chaos.leaks import FACE_KEY, PASSWORD
from tests.chaos.ledger import Books, JobRow
from tests.chaos.orders import Mirror
from tests.chaos.scenarios import Storm
from tests.discord.entities import Guild
from tests.discord.gateway import SHARD_BITS
from tests.discord.program import Program, program
from tests.discord.records import new_id
from tests.discord.server import SmallDiscord
from tests.harness import MODELS
from tests.postgres import migrate

DOLLARS = 100_000.0
SPEED = 100.0
START = 100
CITY_KEY = "key-of-the-storm-"
# Nobody there sees the difference, and a job of the fastest model is not over before its first look.
PACE = 0.01
REMEMBERED = 100_000

_SETTINGS = {
    "DOPPEL_DISCORD__EDIT_GAP": "0.2",
    # The dead count as living until their leases are over, and each has its share of it.
    "DOPPEL_SEGMIND__REQUESTS_PER_MINUTE": "100000",
    "DOPPEL_SEGMIND__UNKNOWN_WINDOW": "12",
    "DOPPEL_SEGMIND__UNKNOWN_EVERY": "1.5",
    "DOPPEL_JOBS__PACE": str(PACE),
    "DOPPEL_JOBS__LINE_REFRESH": "0.5",
    # The jobs of a dead process keep their places until its lease is over.
    "DOPPEL_JOBS__PER_SERVER": "300",
    "DOPPEL_JOBS__IN_ALL": "1000",
    "DOPPEL_CREDITS__START": str(START),
    "DOPPEL_CONSENT__REQUIRED": "false",
    "DOPPEL_CARD__BEFORE_AND_AFTER": "false",
    "DOPPEL_FACES__KEY": FACE_KEY,
    # Everything that a log can come to hold is listened to.
    "DOPPEL_OPS__LOG_FORMAT": "json",
    "DOPPEL_OPS__LOG_LEVEL": "debug",
}


@dataclass(eq=False, slots=True)
class Struck:
    """Who dies when Segmind has accepted so many more of its requests."""

    victim: Program
    left: int


class City:
    """`strike` asks for the death of a process at the moment that Segmind accepts its request."""

    def __init__(self, storm: Storm, url: str, folder: Path) -> None:
        self.storm = storm
        self.url = url
        self.folder = folder
        self.books = Books(url)
        self.guilds = [
            _guild(storm, slot, number) for slot in range(storm.processes) for number in range(storm.guilds)
        ]
        self.discord = SmallDiscord(self.guilds, seed=storm.seed)
        self.segmind = LocalSegmind(
            MODELS,
            engine=Mirror(),
            credits=DOLLARS,
            speed=SPEED,
            history_delay=0.3,
            workers=200,
            keep_outputs=REMEMBERED,
            remembered=REMEMBERED,
            faults=Faults.described(storm.segmind, storm.seed),
            witness=self._witness,
        )
        self._struck: dict[str, Struck] = {}

    def of(self, slot: int) -> list[Guild]:
        """The servers of one process."""
        return self.guilds[slot * self.storm.guilds : (slot + 1) * self.storm.guilds]

    def strike(self, slot: int, victim: Program, turn: int) -> None:
        self._struck[_key(slot)] = Struck(victim, turn)

    def spare(self, slot: int) -> None:
        self._struck.pop(_key(slot), None)

    def bot(self, slot: int, fate: Fate) -> AbstractAsyncContextManager[Program]:
        """A process; where nothing is to be done to it from within, it is `python -m bot` itself."""
        environment = self._environment(slot)
        if fate == Fate() and self.storm.database == "sqlite":
            return program("run", cwd=self.folder, environment=environment)
        return program(
            fate.told(), "run", cwd=self.folder, environment=environment, module="tests.chaos.crashing_bot"
        )

    async def open_jobs_of(self, bot: Program) -> list[JobRow]:
        """What a dead process has left behind."""
        if self.storm.database == "sqlite":
            return await self.books.open_jobs()
        owner = re.search(r"^worker (\w+)$", bot.output, re.MULTILINE)
        return [] if owner is None else await self.books.open_jobs(owner[1])

    def _witness(self, submission: Submission) -> None:
        if (struck := self._struck.get(submission.key)) is not None:
            struck.left -= 1
            if struck.left == 0:
                struck.victim.strike()

    def _environment(self, slot: int) -> Mapping[str, str]:
        storm = self.storm
        own = {
            "DISCORD_TOKEN": self.discord.token,
            "DOPPEL_DISCORD_API": self.discord.api,
            "DOPPEL_DISCORD_GATEWAY": self.discord.gateway_through("" if storm.shards else _door(slot)),
            "SEGMIND_API_KEY": _key(slot),
            "SEGMIND_BASE_URL": self.segmind.url,
            # Nobody asks for it there, but a bot does not know that.
            "DATABASE_URL": self.url.replace("//postgres@", f"//postgres:{PASSWORD}@"),
        }
        if storm.lease is not None:
            own["DOPPEL_DATABASE__LEASE"] = str(storm.lease)
        if storm.shards:
            each = storm.shards // storm.processes
            own["DOPPEL_SHARDS"] = f"{slot * each}-{(slot + 1) * each - 1}/{storm.shards}"
        return {**_SETTINGS, **own, **storm.environment}


@asynccontextmanager
async def city(storm: Storm, postgres_url: str | None = None) -> AsyncGenerator[City]:
    """Open for one storm, with an empty database: a new SQLite file, or this one on Postgres."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos")))
        url = postgres_url or f"sqlite:///{folder / 'doppel.db'}"
        await migrate(url)
        built = City(storm, url, folder)
        await stack.enter_async_context(built.discord)
        await stack.enter_async_context(built.segmind)
        yield built


def _guild(storm: Storm, slot: int, number: int) -> Guild:
    name = f"Server {slot}.{number}"
    if not storm.shards:
        return Guild(name, _door(slot))
    each = storm.shards // storm.processes
    shard = slot * each + number % each
    # The part of an id that is a time decides about the shard.
    moment = (new_id() >> SHARD_BITS) // storm.shards * storm.shards + shard
    return Guild(name, guild_id=(moment << SHARD_BITS) + slot * storm.guilds + number + 1)


def _door(slot: int) -> str:
    return f"door-{slot}"


def _key(slot: int) -> str:
    return f"{CITY_KEY}{slot}"


def dice_of(storm: Storm, what: str) -> random.Random:
    """Each part of a storm has dice of its own, so that none depends on how fast the others are."""
    return random.Random(f"{storm.seed} {what}")
