"""One storm from its first order to the count."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from statistics import median
from typing import Any

from bot.sandbox.segmind import Trouble
from tests.chaos.checks import Evidence, Verdict, judged
from tests.chaos.crashing_bot import LEAP, Fate
from tests.chaos.environment import City, city, dice_of
from tests.chaos.leaks import Ears
from tests.chaos.load import Crowd, Gathering
from tests.chaos.network_faults import Weather
from tests.chaos.orders import Placed
from tests.chaos.process import Diary, Lives
from tests.chaos.reply_states import ended
from tests.chaos.report import Run
from tests.chaos.scenarios import Storm, dooms
from tests.discord.program import Program
from tests.discord.spec import Spec
from tests.postgres import Postgres

GLANCE = 0.2
# An order that was still being looked at after this long was not cut off by a kill, but forgotten.
LOOKED_AT = 30.0
_UNKNOWABLE = frozenset(
    {Trouble.DROP_BEFORE, Trouble.DROP_AFTER, Trouble.ERROR_BEFORE, Trouble.ERROR_AFTER, Trouble.TRUNCATED}
)


async def blow(storm: Storm, postgres: Postgres | None = None) -> Run:
    """`postgres` is the server where the storm wants one; its database is empty."""
    if storm.database == "postgres" and postgres is None:
        raise ValueError("this storm needs a Postgres")
    url = postgres.url("doppel") if postgres is not None and storm.database == "postgres" else None
    begun = time.monotonic()
    async with city(storm, url) as built:
        scene = Scene(built, postgres)
        await scene.play()
        return await scene.judge(time.monotonic() - begun)


class Scene:
    def __init__(self, city: City, postgres: Postgres | None) -> None:
        self._city = city
        self._storm = city.storm
        self._postgres = postgres
        self._crowd = Crowd(city.discord, dice_of(self._storm, "crowd"))
        self._diary = Diary()
        self._taken: Counter[int] = Counter()
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def play(self) -> None:
        storm, slots = self._storm, range(self._storm.processes)
        share = -(-storm.jobs // storm.processes)
        base = Fate(leap=storm.leap, deaf=storm.deaf, breach=storm.breach)
        gatherings = [Gathering(self._city.of(slot)) for slot in slots]
        running = [Lives(self._city, slot, gatherings[slot], self._taken, self._diary) for slot in slots]
        living = [
            asyncio.create_task(life.live(ends, share, self._over, base))
            for life, ends in zip(running, dooms(storm), strict=True)
        ]
        for gathering in gatherings:
            for _ in range(storm.seats):
                self._begin(self._crowd.visit(gathering))
        self._begin(self._count())
        self._begin_troubles(running, base)
        try:
            await self._ordered(running, living)
            await self._drained()
            self._over.set()
            await asyncio.gather(*living)
        finally:
            await _cancelled([*living, *self._tasks])

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _begin_troubles(self, running: Sequence[Lives], base: Fate) -> None:
        storm = self._storm
        if storm.weather:
            weather = Weather(
                self._city.discord, self._city.segmind, storm.segmind, dice_of(storm, "weather")
            )
            self._begin(weather.blow())
        if storm.rival:
            self._begin(self._rival(running, base))
        if storm.restarts:
            self._begin(self._restart())
        if storm.leap:
            self._begin(self._leap())

    async def _count(self) -> None:
        while True:
            self._taken.update(Counter(await self._city.books.taken()) - self._taken)
            await asyncio.sleep(GLANCE)

    async def _ordered(self, running: Sequence[Lives], living: Sequence[asyncio.Task[None]]) -> None:
        """Until everybody has died as planned, and everything was ordered."""
        while not all(life.last.is_set() for life in running) or self._taken.total() < self._storm.jobs:
            self._raise_what_failed([*living, *self._tasks])
            if self._diary.faults:
                return
            await asyncio.sleep(GLANCE)

    async def _drained(self) -> None:
        """Until every job and every reply is at its end, as far as patience goes."""
        until = time.time() + self._storm.patience
        while time.time() < until:
            self._raise_what_failed(self._tasks)
            if not await self._city.books.any_open() and not any(map(self._waits, self._crowd.placed)):
                return
            await asyncio.sleep(GLANCE)

    def _waits(self, placed: Placed) -> bool:
        heard = placed.reply.interaction.message is not None
        return heard and not ended(placed.reply) and not self._excused(placed)

    def _excused(self, placed: Placed) -> bool:
        # A promise may still be on its way from a process that is dead already.
        answered = placed.reply.interaction.answered_at or placed.at
        slot = self._city.guilds.index(placed.guild) // self._storm.guilds
        return any(placed.at <= kill <= answered + LOOKED_AT for kill in self._diary.kills_of(slot))

    def _raise_what_failed(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done():
                task.result()

    async def _halfway(self, parts: int = 1, of: int = 2) -> None:
        while self._taken.total() * of < self._storm.jobs * parts:
            await asyncio.sleep(GLANCE)

    async def _rival(self, running: Sequence[Lives], base: Fate) -> None:
        """Somebody starts the bot a second time."""
        await running[0].last.wait()
        await self._city.discord.online()
        async with self._city.bot(0, base) as second:
            if self._storm.database == "sqlite":
                code = await second.end()
                if code != 1 or "has" not in second.output:
                    self._diary.faults.append(f"a second process ended with {code}: {second.output}")
            else:
                await self._over.wait()
                await _end(second, self._diary)
            self._diary.outputs.append(second.output)
        await self._over.wait()

    async def _restart(self) -> None:
        assert self._postgres is not None
        for number in range(1, self._storm.restarts + 1):
            await self._halfway(number, self._storm.restarts + 1)
            await asyncio.to_thread(self._postgres.crash)
        await self._over.wait()

    async def _leap(self) -> None:
        await self._halfway()
        (self._city.folder / LEAP).touch()
        await self._over.wait()

    async def judge(self, seconds: float) -> Run:
        segmind, storm, diary = self._city.segmind, self._storm, self._diary
        verdict = judged(
            Evidence(
                await self._city.books.read(),
                [(each.request_id, each.body) for each in segmind.submissions],
                segmind.billed,
                self._crowd.placed,
                self._excused,
            )
        )
        faulted = sum(
            times
            for (where, trouble), times in segmind.faults.met.items()
            if where == "submit" and trouble in _UNKNOWABLE
        )
        return Run(
            name=storm.name,
            database=storm.database,
            processes=storm.processes,
            seed=storm.seed,
            jobs=self._taken.total(),
            kills=len(diary.kills),
            ambiguous=faulted + sum(kill.unknown for kill in diary.kills),
            submitted_twice=len(verdict.twice),
            lost=len(verdict.lost),
            ledger_difference=verdict.ledger,
            unfinished_messages=len(verdict.unfinished),
            recovery_s=round(median(diary.recoveries), 2) if diary.recoveries else None,
            recovery_most_s=round(max(diary.recoveries), 2) if diary.recoveries else None,
            recoveries=len(diary.recoveries),
            refused=verdict.refused,
            cut_off=verdict.cut_off,
            unheard=verdict.unheard,
            seconds=round(seconds, 1),
            points=dict(Counter(str(kill.point or "by chance") for kill in diary.kills).most_common()),
            checked_calls=None if Spec.at_hand() is None else self._city.discord.calls_seen,
            trouble=self._trouble(verdict),
        )

    def _trouble(self, verdict: Verdict) -> list[str]:
        ledger = [f"the ledger is off by {verdict.ledger}"] if verdict.ledger else []
        return [
            *self._diary.faults,
            *verdict.twice,
            *verdict.lost,
            *ledger,
            *verdict.unfinished,
            *sorted(set(self._city.discord.violations)),
            *Ears(self._city.discord.token).told(self._diary.outputs),
        ]


async def _end(bot: Program, diary: Diary) -> None:
    if (code := await bot.terminate()) != 0:
        diary.faults.append(f"a process was asked to end, and did with {code}: {bot.output[-2000:]}")


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
