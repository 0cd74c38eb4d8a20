"""The whole bot over real sockets with many jobs in flight, beside a plain bot of the kind people write.

Commands come at an even rate, and jobs take long enough that the wanted number is in flight. Both bots run at
the same time, so that a busy neighbour slows both, and each is measured in several windows. Each has its own
process, small Discord and local Segmind; the latter two run in the measuring process.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import mean, median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

from yarl import URL

from bot.ops.loop_lag import measure_lag
from bot.sandbox.segmind import LocalSegmind, Rendering, Submission
from tests.bench.figures import Figure, at_least, at_most, plain
from tests.discord.entities import Member
from tests.discord.program import Program, program
from tests.discord.server import SmallDiscord
from tests.discord.user import Reply
from tests.harness import MODELS
from tests.media.files import picture
from tests.postgres import migrate

SLUG = "faceswap-v4"
USUAL = MODELS[SLUG].card.seconds
FLIGHT = 100
PER_SECOND = FLIGHT / USUAL
# The highest plan of a key.
PER_MINUTE = 1000
WINDOW = 40.0
WINDOWS = 3
# A window is void where the measuring process itself was so late: its figures would show the neighbour.
MAX_OWN_LAG = 0.25
PLAIN, OURS = "a plain bot", "ours"
KIB = 1024
FILE = picture("PNG")
RESULT = Rendering(picture("PNG", 256, 256), "image/png", {})
EVERYBODY = 500


class Same:
    """Engine that returns a constant picture at no cost, as Segmind computes elsewhere."""

    async def render(self, slug: str, parameters: Mapping[str, Any], media: Mapping[str, bytes]) -> Rendering:
        del slug, parameters, media
        return RESULT


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that a process has used so far."""

    cpu: float
    memory: int


@dataclass(eq=False, slots=True)
class Order:
    """An order, with the times of its replies."""

    reply: Reply
    accepted: Submission | None = None

    @property
    def heard(self) -> float | None:
        """Seconds from the command to the first response."""
        interaction = self.reply.interaction
        return None if interaction.answered_at is None else interaction.answered_at - interaction.sent_at

    @property
    def done(self) -> float | None:
        """Time when the member saw the result."""
        return self.reply.edits[-1].at if self.reply.attachments else None


@dataclass(eq=False, slots=True)
class Services:
    """Services of a run, and its orders by the names of their first files."""

    discord: SmallDiscord
    segmind: LocalSegmind
    seconds: float
    orders: dict[str, Order] = field(default_factory=dict[str, Order])

    def witness(self, submission: Submission) -> None:
        self.orders[URL(str(submission.body["source_image"])).name].accepted = submission

    async def order(self, number: int, members: Sequence[Member]) -> None:
        name = f"{number}.png"
        options: Mapping[str, Any] = {"source_image": (name, FILE), "target_image": ("target.png", FILE)}
        reply = await self.discord.send_slash(SLUG, member=members[number % len(members)], **options)
        self.orders[name] = Order(reply)


@dataclass(frozen=True, slots=True)
class Seen:
    """Measurements of one window: delays, resources and the lag of the measuring process."""

    seconds: float
    heard: Sequence[float]
    late: Sequence[float]
    finished: int
    in_flight: int
    cpu: float
    memory: Sequence[int]
    own_lag: float

    @property
    def is_void(self) -> bool:
        return self.own_lag > MAX_OWN_LAG

    @property
    def cpu_per_job(self) -> float:
        """Processor time in milliseconds."""
        return 1000 * self.cpu / max(1, self.finished)

    def heard_at(self, percent: int) -> float:
        return _percentile(self.heard, percent)

    def late_at(self, percent: int) -> float:
        return _percentile(self.late, percent)


Start = Callable[[Services, Path], AbstractAsyncContextManager[Program]]


def figures() -> Iterator[Figure]:
    plain_bot, ours = asyncio.run(_both())
    for name, windows in ((PLAIN, plain_bot), (OURS, ours)):
        in_time = [window for window in windows if not window.is_void]
        yield at_least(f"load, {name}: windows whose measuring was in time", len(in_time), "windows", 1)
        if in_time:
            yield from _times(name, in_time)
    yield from _compared(plain_bot, ours)


async def _both() -> Sequence[Sequence[Seen]]:
    return await asyncio.gather(_seen(_plain(FLIGHT)), _seen(_ours))


def _compared(plain_bot: Sequence[Seen], ours: Sequence[Seen]) -> Iterator[Figure]:
    """Figures that a late measuring process doesn't change."""
    memory = [mean(window.memory) / KIB**2 for window in ours]
    yield at_most(f"load, {OURS}: memory", median(memory), "MiB", 110)
    yield at_most(
        f"load, {OURS}: memory of the last window to the first", memory[-1] / memory[0], "ratio", 1.05
    )
    per_job, beside = (median(window.cpu_per_job for window in windows) for windows in (ours, plain_bot))
    yield at_most(f"load, {OURS}: processor per job", per_job, "ms", 15)
    yield at_most(f"load, {OURS}: processor per job to the plain bot's", per_job / beside, "ratio", 2)


def _times(name: str, windows: Sequence[Seen]) -> Iterator[Figure]:
    values: Mapping[str, tuple[Callable[[Seen], float], str]] = {
        "jobs in flight": (lambda window: window.in_flight, "jobs"),
        "command to first reply, p50": (lambda window: 1000 * window.heard_at(50), "ms"),
        "command to first reply, p99": (lambda window: 1000 * window.heard_at(99), "ms"),
        "COMPLETED to final edit, p50": (lambda window: window.late_at(50), "s"),
        "COMPLETED to final edit, p95": (lambda window: window.late_at(95), "s"),
        "jobs a second": (lambda window: window.finished / window.seconds, "jobs/s"),
        "processor per job": (lambda window: window.cpu_per_job, "ms"),
        "memory": (lambda window: mean(window.memory) / KIB**2, "MiB"),
    }
    for label, (value, unit) in values.items():
        found = sorted(map(value, windows))
        yield plain(f"load, {name}: {label}", median(found), unit)
        yield plain(f"load, {name}: {label}, spread", (found[-1] - found[0]) / median(found), "of the median")


async def _seen(start: Start) -> Sequence[Seen]:
    async with _services(USUAL) as services, asyncio.timeout(USUAL * 3 + WINDOWS * WINDOW + 60):
        with TemporaryDirectory() as folder:
            async with start(services, Path(folder)) as bot:
                await services.discord.online()
                while SLUG not in services.discord.commands:
                    await asyncio.sleep(0.05)
                crowd = asyncio.create_task(_crowd(services))
                try:
                    # Wait until as many jobs end as begin.
                    await asyncio.sleep(services.seconds * 1.2 + 5)
                    windows = [await _measured(services, bot, WINDOW) for _ in range(WINDOWS)]
                finally:
                    crowd.cancel()
                await bot.terminate()
    return windows


async def _measured(services: Services, bot: Program, seconds: float) -> Seen:
    lags: list[float] = []
    memory: list[int] = []
    async with measure_lag(lags.append, every=0.05):
        began, before = time.time(), usage(bot.pid)
        while (now := time.time()) < began + seconds:
            await asyncio.sleep(min(1.0, began + seconds - now))
            memory.append(usage(bot.pid).memory)
        ended, after = time.time(), usage(bot.pid)
    return _result(services, began, ended, cpu=after.cpu - before.cpu, memory=memory, own_lag=max(lags))


def _result(
    services: Services, began: float, ended: float, *, cpu: float, memory: Sequence[int], own_lag: float
) -> Seen:
    heard: list[float] = []
    late: list[float] = []
    in_flight = 0
    for order in services.orders.values():
        if began <= order.reply.interaction.sent_at < ended - 1:
            # An unanswered command counts with its wait until now.
            heard.append(ended - order.reply.interaction.sent_at if order.heard is None else order.heard)
        if order.accepted is None:
            continue
        over = order.accepted.at + services.seconds
        in_flight += order.accepted.at < ended and (order.done is None or order.done > ended)
        if over < ended and (order.done is None or order.done > began):
            late.append((order.done or ended) - over)
    finished = sum(began < (order.done or 0) <= ended for order in services.orders.values())
    return Seen(ended - began, heard, late, finished, in_flight, cpu, memory, own_lag)


async def _crowd(services: Services) -> None:
    """Place orders at a fixed rate, however long the bot takes."""
    members = [Member(f"member-{number}") for number in range(EVERYBODY)]
    began = asyncio.get_running_loop().time()
    for number in count():
        due = began + number / PER_SECOND
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        await services.order(number, members)


@asynccontextmanager
async def _services(seconds: float) -> AsyncGenerator[Services]:
    def witness(submission: Submission) -> None:
        services.witness(submission)

    segmind = LocalSegmind(
        MODELS,
        engine=Same(),
        credits=1_000_000.0,
        speed=USUAL / seconds,
        workers=100_000,
        keep_outputs=100_000,
        history_size=100_000,
        on_submission=witness,
    )
    async with SmallDiscord(inspect=False) as discord, segmind:
        services = Services(discord, segmind, seconds)
        yield services


@asynccontextmanager
async def _ours(services: Services, folder: Path) -> AsyncGenerator[Program]:
    database = f"sqlite:///{folder / 'doppel.db'}"
    # Otherwise the bot makes the tables, for which it loads Alembic: 10 MiB until its next start.
    await migrate(database)
    its = {
        "DATABASE_URL": database,
        "DOPPEL_CREDITS__START": "1000000",
        "DOPPEL_CREDITS__OPERATOR_DAILY_USD": "none",
        "DOPPEL_CONSENT__REQUIRED": "false",
        "DOPPEL_SEGMIND__REQUESTS_PER_MINUTE": str(PER_MINUTE),
        "DOPPEL_JOBS__PER_MEMBER": "1000",
        "DOPPEL_JOBS__PER_SERVER": "10000",
        "DOPPEL_JOBS__IN_ALL": "100000",
        "DOPPEL_OPS__LOG_LEVEL": "warning",
    }
    async with program("run", cwd=folder, environment=_variables(services) | its) as bot:
        yield bot


def _plain(threads: int) -> Start:
    def start(services: Services, folder: Path) -> AbstractAsyncContextManager[Program]:
        its = {"THREADS": str(2 * threads)}
        return program(cwd=folder, environment=_variables(services) | its, module="tests.bench.plain_bot")

    return start


def _variables(services: Services) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": services.discord.token,
        "DOPPEL_DISCORD_API": services.discord.api,
        "DOPPEL_DISCORD_GATEWAY": services.discord.gateway_url,
        "SEGMIND_API_KEY": "key-of-the-bench",
        "SEGMIND_BASE_URL": services.segmind.url,
    }


def usage(process: int) -> Usage:
    """Read a process's usage from Linux's /proc."""
    its = Path(f"/proc/{process}")
    fields = (its / "stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int((its / "statm").read_text().split()[1])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else float("nan")
