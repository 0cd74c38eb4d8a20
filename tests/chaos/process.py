"""The lives of one process: started, killed as the schedule says, started again; and how soon it recovers."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bot.jobs.job import State
from tests.chaos.crashing_bot import Fate
from tests.chaos.environment import City
from tests.chaos.kill_points import Point
from tests.chaos.load import Gathering
from tests.chaos.scenarios import Doom
from tests.discord.program import Program

GLANCE = 0.05
# A doomed process that has had its orders and still has not come by its point is struck from outside.
GRACE = 4.0
SIGKILL = -9
NO_DATABASE = "the database cannot be used"


@dataclass(frozen=True, slots=True)
class Kill:
    slot: int
    at: float
    point: Point | None
    unknown: int
    """Jobs that were just being sent."""
    open_jobs: int


@dataclass(slots=True)
class Diary:
    """What happened to the processes of a storm."""

    kills: list[Kill] = field(default_factory=list[Kill])
    recoveries: list[float] = field(default_factory=list[float])
    """From the start of a process after a kill until every job that was open at the kill has had its message
    edited again: seconds."""
    cut_short: int = 0
    """Recoveries that the next kill came before."""
    outputs: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])
    """A process that ended as none should."""

    def kills_of(self, slot: int) -> list[float]:
        return [kill.at for kill in self.kills if kill.slot == slot]


class Lives:
    def __init__(
        self, city: City, slot: int, gathering: Gathering, taken: Mapping[int, int], diary: Diary
    ) -> None:
        self._city = city
        self._slot = slot
        self._gathering = gathering
        self._taken = taken
        self._diary = diary
        self._orphans: Sequence[int] = ()
        self._recovering: list[asyncio.Task[None]] = []
        self.last = asyncio.Event()
        """It has died as often as it had to, and is back."""

    async def live(self, dooms: Sequence[Doom], jobs: int, over: asyncio.Event, base: Fate) -> None:
        """Die as often as there are dooms, with a share of the orders for each life, then live on."""
        for number, doom in enumerate(dooms, 1):
            share, killed = -(-jobs * number // (len(dooms) + 1)), False
            while not killed and not self._diary.faults:
                async with self._city.bot(self._slot, _fated(base, doom)) as bot:
                    self._recover()
                    await self._die(bot, doom, share, over)
                    killed = await self._died(bot, doom)
        while not over.is_set() and not self._diary.faults:
            async with self._city.bot(self._slot, base) as bot:
                self._recover()
                await self._live_on(bot, jobs, over)
        for measure in self._recovering:
            measure.cancel()

    async def _die(self, bot: Program, doom: Doom, share: int, over: asyncio.Event) -> None:
        if doom.point is Point.SENT:
            self._city.strike(self._slot, bot, doom.turn)
        begun, full_since = self._orders, None
        while bot.running:
            await asyncio.sleep(GLANCE)
            self._admit(share)
            if doom.point is None and self._orders >= begun + doom.orders:
                await asyncio.sleep(doom.pause)
                bot.strike()
            if over.is_set():
                bot.strike()
            if self._orders >= share:
                full_since = full_since or time.time()
                if time.time() > full_since + GRACE:
                    bot.strike()
        self._city.spare(self._slot)

    async def _died(self, bot: Program, doom: Doom) -> bool:
        """Note what the dead one has left behind, if it was killed indeed."""
        code = await bot.end()
        at = time.time()
        self._close(bot)
        if code != SIGKILL:
            self._ended_by_itself(bot, code)
            return False
        left = await self._city.open_jobs_of(bot)
        sending = sum(job.state is State.SUBMITTING for job in left)
        self._diary.kills.append(Kill(self._slot, at, doom.point, sending, len(left)))
        self._orphans = [job.message_id for job in left]
        return True

    async def _live_on(self, bot: Program, jobs: int, over: asyncio.Event) -> None:
        while bot.running and not over.is_set():
            self._admit(jobs)
            if all(map(self._city.discord.gateway.tells_of, self._gathering.guilds)):
                self.last.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), GLANCE)
        self._gathering.gate.clear()
        if not bot.running:
            self._ended_by_itself(bot, await bot.end())
        elif (code := await bot.terminate()) != 0:
            self._diary.faults.append(
                f"a process was asked to end, and did with {code}: {bot.output[-2000:]}"
            )
        self._close(bot)

    def _ended_by_itself(self, bot: Program, code: int) -> None:
        """Without a database it says so and ends; whoever looks after it starts it again."""
        if not (self._city.storm.restarts and NO_DATABASE in bot.output):
            self._diary.faults.append(f"a process ended by itself with {code}: {bot.output[-2000:]}")

    def _close(self, bot: Program) -> None:
        self._diary.outputs.append(bot.output)
        if self._city.storm.database == "sqlite":
            # What was not taken up yet is among what the next process has to take up.
            self._diary.cut_short += sum(measure.cancel() for measure in self._recovering)
            self._recovering.clear()

    def _admit(self, share: int) -> None:
        (self._gathering.gate.set if self._orders < share else self._gathering.gate.clear)()

    @property
    def _orders(self) -> int:
        return sum(self._taken.get(guild.id, 0) for guild in self._gathering.guilds)

    def _recover(self) -> None:
        if self._orphans:
            measure = self._measure(set(self._orphans), time.time())
            self._recovering.append(asyncio.create_task(measure))
        self._orphans = ()

    async def _measure(self, orphans: set[int], since: float) -> None:
        while orphans:
            orphans = {each for each in orphans if not self._seen(each, since)}
            await asyncio.sleep(GLANCE)
        self._diary.recoveries.append(time.time() - since)

    def _seen(self, message_id: int, since: float) -> bool:
        message = self._city.discord.messages.find(message_id)
        return message is not None and any(edit.at > since for edit in message.edits[-1:])


def _fated(base: Fate, doom: Doom) -> Fate:
    inner = doom.point if doom.point is not Point.SENT else None
    return base if inner is None else replace(base, point=inner, turn=doom.turn)
