"""Environment of a scenario: simulated Discord, local Segmind, database and the bot's settings."""

import asyncio
import random
import re
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.segmind import Faults, LocalSegmind, Submission
from tests.chaos.crashing_bot import CrashPlan
from tests.chaos.leaks import FACE_KEY, PASSWORD
from tests.chaos.ledger import JobRow, LedgerReader
from tests.chaos.orders import EchoEngine
from tests.chaos.scenarios import Scenario
from tests.discord.entities import Guild
from tests.discord.gateway import SHARD_BITS
from tests.discord.program import Launch, Program, program
from tests.discord.records import new_id
from tests.discord.server import SmallDiscord
from tests.harness import MODELS
from tests.postgres import migrate

DOLLARS = 100_000.0
SPEED = 100.0
START = 100
SEGMIND_KEY = "key-of-the-scenario-"
# Polls fast, but not so fast that the first poll of the fastest model finds a finished job.
PACE = 0.01
REMEMBERED = 100_000
# A job that somebody runs changes within the window of an unknown submission and these seconds.
QUIET_SECONDS = 8.0

_SETTINGS = {
    "DOPPEL_DISCORD__EDIT_GAP": "0.2",
    # Killed processes keep their share of the rate limit until their leases expire.
    "DOPPEL_SEGMIND__REQUESTS_PER_MINUTE": "30000",
    "DOPPEL_SEGMIND__UNKNOWN_WINDOW": "12",
    "DOPPEL_SEGMIND__UNKNOWN_EVERY": "1.5",
    "DOPPEL_JOBS__PACE": str(PACE),
    "DOPPEL_JOBS__LINE_REFRESH": "0.5",
    # The jobs of a killed process count towards the limits until its lease expires.
    "DOPPEL_JOBS__PER_SERVER": "300",
    "DOPPEL_JOBS__IN_ALL": "1000",
    "DOPPEL_CREDITS__START": str(START),
    "DOPPEL_CREDITS__OPERATOR_DAILY_USD": "none",
    "DOPPEL_CONSENT__REQUIRED": "false",
    "DOPPEL_CARD__BEFORE_AND_AFTER": "false",
    # It judges pictures of one colour, and takes half of a storm's processor time for that.
    "DOPPEL_SAFETY__EXPLICIT": "off",
    "DOPPEL_FACES__KEY": FACE_KEY,
    # The leak scanner reads every entry.
    "DOPPEL_OPS__LOG_FORMAT": "json",
    "DOPPEL_OPS__LOG_LEVEL": "debug",
}


@dataclass(eq=False, slots=True)
class PendingKill:
    """Kill of a process after so many more accepted submissions."""

    process: Program
    remaining: int


class Environment:
    """Everything that outlives the bot's processes in a scenario."""

    def __init__(self, scenario: Scenario, url: str, folder: Path, launch: Launch) -> None:
        self._launch = launch
        self.scenario = scenario
        self.url = url
        self.folder = folder
        self.ledger = LedgerReader(url)
        self.guilds = [
            _guild(scenario, slot, number)
            for slot in range(scenario.processes)
            for number in range(scenario.guilds)
        ]
        self.discord = SmallDiscord(self.guilds, seed=scenario.seed)
        self.segmind = LocalSegmind(
            MODELS,
            engine=EchoEngine(),
            credits=DOLLARS,
            speed=SPEED,
            history_delay=0.3,
            workers=200,
            rate=scenario.rate,
            keep_outputs=REMEMBERED,
            history_size=REMEMBERED,
            faults=Faults.parse(scenario.segmind, scenario.seed),
            on_submission=self._witness,
        )
        self._pending_kills: dict[str, PendingKill] = {}
        self._programs: list[Program] = []

    def guilds_of(self, slot: int) -> list[Guild]:
        """Return the servers of one process."""
        return self.guilds[slot * self.scenario.guilds : (slot + 1) * self.scenario.guilds]

    def kill_at_submission(self, slot: int, process: Program, occurrence: int) -> None:
        """Kill the process when Segmind accepts its submission number `occurrence` from now on."""
        self._pending_kills[_key(slot)] = PendingKill(process, occurrence)

    def cancel_kill(self, slot: int) -> None:
        self._pending_kills.pop(_key(slot), None)

    @property
    def programs(self) -> Sequence[Program]:
        """Processes of the bot that run now."""
        return [each for each in self._programs if each.running]

    @asynccontextmanager
    async def bot(self, slot: int, plan: CrashPlan) -> AsyncGenerator[Program]:
        """Start a process; without built-in faults on SQLite it is the bot itself."""
        environment = self._bot_settings(slot)
        arguments, module = ["run"], "bot"
        if plan != CrashPlan() or self.scenario.database != "sqlite":
            arguments, module = [plan.to_json(), "run"], "tests.chaos.crashing_bot"
        started = self._launch(*arguments, cwd=self.folder, environment=environment, module=module)
        async with started as bot:
            self._programs.append(bot)
            try:
                yield bot
            finally:
                self._programs.remove(bot)

    async def open_jobs_of(self, bot: Program) -> list[JobRow]:
        """Return the open jobs of a killed process."""
        if self.scenario.database == "sqlite":
            return await self.ledger.open_jobs()
        owner = worker_of(bot)
        return [] if owner is None else await self.ledger.open_jobs(owner)

    async def idle_jobs(self) -> list[str]:
        """Return sentences about the jobs of running processes in which nothing happens any more."""
        window = float(self._bot_settings(0)["DOPPEL_SEGMIND__UNKNOWN_WINDOW"])
        before = await self._open_jobs_that_should_run()
        await asyncio.sleep(window + QUIET_SECONDS if before else 0)
        after = await self._open_jobs_that_should_run()
        return [f"job {job.id} is {job.state}, and nobody runs it" for job in before if job in after]

    async def _open_jobs_that_should_run(self) -> list[JobRow]:
        living = {worker_of(bot) for bot in self.programs}
        is_one = self.scenario.database == "sqlite"
        return [job for job in await self.ledger.open_jobs() if is_one or job.owner in living]

    def _witness(self, submission: Submission) -> None:
        if (pending := self._pending_kills.get(submission.key)) is not None:
            pending.remaining -= 1
            if pending.remaining == 0:
                pending.process.send_kill()

    def _bot_settings(self, slot: int) -> Mapping[str, str]:
        scenario = self.scenario
        own = {
            "DISCORD_TOKEN": self.discord.token,
            "DOPPEL_DISCORD_API": self.discord.api,
            "DOPPEL_DISCORD_GATEWAY": self.discord.gateway_url_for("" if scenario.shards else _door(slot)),
            "SEGMIND_API_KEY": _key(slot),
            "SEGMIND_BASE_URL": self.segmind.url,
            # The test server ignores the password, but the bot must not log it.
            "DATABASE_URL": self.url.replace("//postgres@", f"//postgres:{PASSWORD}@"),
        }
        if scenario.lease is not None:
            own["DOPPEL_DATABASE__LEASE"] = str(scenario.lease)
        if scenario.shards:
            each = scenario.shards // scenario.processes
            own["DOPPEL_SHARDS"] = f"{slot * each}-{(slot + 1) * each - 1}/{scenario.shards}"
        return {**_SETTINGS, **own, **scenario.settings}


@asynccontextmanager
async def open_environment(
    scenario: Scenario, postgres_url: str | None = None, launch: Launch = program
) -> AsyncGenerator[Environment]:
    """Open the environment with an empty database: a new SQLite file, or the given Postgres database."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos")))
        url = postgres_url or f"sqlite:///{folder / 'doppel.db'}"
        await migrate(url)
        built = Environment(scenario, url, folder, launch)
        await stack.enter_async_context(built.discord)
        await stack.enter_async_context(built.segmind)
        yield built


def worker_of(bot: Program) -> str | None:
    """Return the id that a process printed for itself."""
    found = re.search(r"^worker (\w+)$", bot.output, re.MULTILINE)
    return None if found is None else found[1]


def _guild(scenario: Scenario, slot: int, number: int) -> Guild:
    name = f"Server {slot}.{number}"
    if not scenario.shards:
        return Guild(name, _door(slot))
    each = scenario.shards // scenario.processes
    shard = slot * each + number % each
    # The timestamp in the id determines the shard.
    moment = (new_id() >> SHARD_BITS) // scenario.shards * scenario.shards + shard
    return Guild(name, guild_id=(moment << SHARD_BITS) + slot * scenario.guilds + number + 1)


def _door(slot: int) -> str:
    return f"door-{slot}"


def _key(slot: int) -> str:
    return f"{SEGMIND_KEY}{slot}"


def dice_of(scenario: Scenario, what: str) -> random.Random:
    """Return a random generator for one part of a scenario, independent of the speed of the other parts."""
    return random.Random(f"{scenario.seed} {what}")
