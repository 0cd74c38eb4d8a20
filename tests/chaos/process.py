"""Runs one process of the bot: starts it, kills it as planned, starts it again and measures its recovery."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bot.jobs.job import State
from tests.chaos.crashing_bot import CrashPlan
from tests.chaos.environment import Environment
from tests.chaos.kill_points import KillPoint
from tests.chaos.load import OrderGate
from tests.chaos.scenarios import PlannedKill
from tests.discord.program import Program

INTERVAL = 0.05
# Seconds after its last order until a process that never reaches its kill point is killed anyway.
KILL_GRACE = 4.0
SIGKILL = -9
NO_DATABASE = "the database cannot be used"


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill that happened."""

    slot: int
    at: float
    point: KillPoint | None
    unknown: int
    """Number of jobs whose submission was under way."""
    open_jobs: int


@dataclass(slots=True)
class RunLog:
    """Kills, recoveries and output of all processes in a scenario."""

    kills: list[Kill] = field(default_factory=list[Kill])
    recoveries: list[float] = field(default_factory=list[float])
    """Seconds from a start after a kill until every job open at the kill had its message edited again."""
    cut_short: int = 0
    """Number of recoveries cut short by the next kill."""
    outputs: list[str] = field(default_factory=list[str])
    process_errors: list[str] = field(default_factory=list[str])
    """Sentences about processes that ended unexpectedly."""

    def kills_of(self, slot: int) -> list[float]:
        return [kill.at for kill in self.kills if kill.slot == slot]


class ProcessRunner:
    """Runs one process after another in the same slot."""

    def __init__(
        self,
        environment: Environment,
        slot: int,
        order_gate: OrderGate,
        job_counts: Mapping[int, int],
        log: RunLog,
    ) -> None:
        self._environment = environment
        self._slot = slot
        self._order_gate = order_gate
        self._job_counts = job_counts
        self._log = log
        self._orphans: Sequence[int] = ()
        self._recovering: list[asyncio.Task[None]] = []
        self.steady = asyncio.Event()
        """Set when all planned kills are over and the process runs again."""

    async def run(
        self, planned_kills: Sequence[PlannedKill], jobs: int, over: asyncio.Event, base: CrashPlan
    ) -> None:
        """Run a process for each planned kill with a share of the orders, then run until the end."""
        for number, planned_kill in enumerate(planned_kills, 1):
            share, killed = -(-jobs * number // (len(planned_kills) + 1)), False
            while not killed and not self._log.process_errors:
                async with self._environment.bot(self._slot, _crash_plan(base, planned_kill)) as bot:
                    self._start_measuring()
                    await self._run_until_killed(bot, planned_kill, share, over)
                    killed = await self._record_kill(bot, planned_kill)
        while not over.is_set() and not self._log.process_errors:
            async with self._environment.bot(self._slot, base) as bot:
                self._start_measuring()
                await self._run_to_end(bot, jobs, over)
        for measure in self._recovering:
            measure.cancel()

    async def _run_until_killed(
        self, bot: Program, planned_kill: PlannedKill, share: int, over: asyncio.Event
    ) -> None:
        if planned_kill.point is KillPoint.SENT:
            self._environment.kill_at_submission(self._slot, bot, planned_kill.occurrence)
        begun, full_since = self._orders, None
        while bot.running:
            await asyncio.sleep(INTERVAL)
            self._set_gate(share)
            if planned_kill.point is None and self._orders >= begun + planned_kill.orders:
                await asyncio.sleep(planned_kill.pause)
                bot.send_kill()
            if over.is_set():
                bot.send_kill()
            if self._orders >= share:
                full_since = full_since or time.time()
                if time.time() > full_since + KILL_GRACE:
                    bot.send_kill()
        self._environment.cancel_kill(self._slot)

    async def _record_kill(self, bot: Program, planned_kill: PlannedKill) -> bool:
        """Record the open jobs of a killed process; returns whether it really was killed."""
        code = await bot.end()
        at = time.time()
        self._collect_output(bot)
        if code != SIGKILL:
            self._record_exit(bot, code)
            return False
        left = await self._environment.open_jobs_of(bot)
        sending = sum(job.state is State.SUBMITTING for job in left)
        self._log.kills.append(Kill(self._slot, at, planned_kill.point, sending, len(left)))
        self._orphans = [job.message_id for job in left]
        return True

    async def _run_to_end(self, bot: Program, jobs: int, over: asyncio.Event) -> None:
        while bot.running and not over.is_set():
            self._set_gate(jobs)
            if all(map(self._environment.discord.gateway.serves, self._order_gate.guilds)):
                self.steady.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), INTERVAL)
        self._order_gate.is_open.clear()
        if not bot.running:
            self._record_exit(bot, await bot.end())
        elif (code := await bot.terminate()) != 0:
            self._log.process_errors.append(f"a terminated process exited with {code}: {bot.output[-2000:]}")
        self._collect_output(bot)

    def _record_exit(self, bot: Program, code: int) -> None:
        """Record an unexpected exit. Without a database the bot exits, and its supervisor restarts it."""
        scenario = self._environment.scenario
        loses_database = scenario.postgres_restarts or scenario.set_backs or scenario.deaf
        if not (loses_database and NO_DATABASE in bot.output):
            self._log.process_errors.append(
                f"a process exited unexpectedly with {code}: {bot.output[-2000:]}"
            )

    def _collect_output(self, bot: Program) -> None:
        self._log.outputs.append(bot.output)
        if self._environment.scenario.database == "sqlite":
            # The next process measures the jobs that this one did not reach.
            self._log.cut_short += sum(measure.cancel() for measure in self._recovering)
            self._recovering.clear()

    def _set_gate(self, share: int) -> None:
        (self._order_gate.is_open.set if self._orders < share else self._order_gate.is_open.clear)()

    @property
    def _orders(self) -> int:
        return sum(self._job_counts.get(guild.id, 0) for guild in self._order_gate.guilds)

    def _start_measuring(self) -> None:
        if self._orphans:
            measure = self._measure_recovery(set(self._orphans), time.time())
            self._recovering.append(asyncio.create_task(measure))
        self._orphans = ()

    async def _measure_recovery(self, orphans: set[int], since: float) -> None:
        while orphans:
            orphans = {each for each in orphans if not self._was_edited(each, since)}
            await asyncio.sleep(INTERVAL)
        self._log.recoveries.append(time.time() - since)

    def _was_edited(self, message_id: int, since: float) -> bool:
        message = self._environment.discord.messages.find(message_id)
        return message is not None and any(edit.at > since for edit in message.edits[-1:])


def _crash_plan(base: CrashPlan, planned_kill: PlannedKill) -> CrashPlan:
    inner = planned_kill.point if planned_kill.point is not KillPoint.SENT else None
    return base if inner is None else replace(base, point=inner, occurrence=planned_kill.occurrence)
