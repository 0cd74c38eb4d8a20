"""Runs one scenario from its first order to its checks."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bot.sandbox.segmind import FaultKind
from tests.chaos.checks import Evidence, Findings, check
from tests.chaos.crashing_bot import CrashPlan
from tests.chaos.disturbances import Disturbances
from tests.chaos.environment import Environment, dice_of, open_environment
from tests.chaos.leaks import LeakScanner
from tests.chaos.load import Members, OrderGate
from tests.chaos.orders import PlacedOrder
from tests.chaos.process import ProcessRunner, RunLog
from tests.chaos.reply_states import ended
from tests.chaos.report import Run
from tests.chaos.scenarios import Scenario, plan_kills
from tests.discord.program import Launch, program
from tests.discord.spec import Spec
from tests.postgres import Postgres

INTERVAL = 0.5
# A kill this long after the bot's response no longer explains a missing job, even on a busy machine.
CUT_OFF_SECONDS = 180.0
_AMBIGUOUS_FAULTS = frozenset(
    {
        FaultKind.DROP_BEFORE,
        FaultKind.DROP_AFTER,
        FaultKind.ERROR_BEFORE,
        FaultKind.ERROR_AFTER,
        FaultKind.TRUNCATED,
    }
)


async def run_scenario(
    scenario: Scenario,
    postgres: Postgres | None = None,
    *,
    logs: Path | None = None,
    launch: Launch = program,
) -> Run:
    """Run a scenario; on Postgres, `postgres` is a server with an empty database.

    The logs of its processes go into the folder `logs`.
    """
    if scenario.database == "postgres" and postgres is None:
        raise ValueError("this scenario needs a Postgres")
    url = postgres.url("doppel") if postgres is not None and scenario.database == "postgres" else None
    begun = time.monotonic()
    async with open_environment(scenario, url, launch) as built:
        runner = ScenarioRunner(built, postgres)
        try:
            await runner.run()
        finally:
            if logs is not None:
                runner.save_logs(logs)
        return await runner.result(time.monotonic() - begun)


class ScenarioRunner:
    """Starts processes, members and disturbances, waits for the end and checks the outcome."""

    def __init__(self, environment: Environment, postgres: Postgres | None) -> None:
        self._environment = environment
        self._scenario = environment.scenario
        self._postgres = postgres
        dice = dice_of(self._scenario, "members")
        self._members = Members(environment.discord, dice, self._scenario.batches)
        self._log = RunLog()
        self._job_counts: Counter[int] = Counter()
        self._over = asyncio.Event()
        self._disturbances = Disturbances(
            environment, postgres, self._members, self._log, self._job_counts.total, self._over
        )
        self._idle: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        scenario, slots = self._scenario, range(self._scenario.processes)
        share = -(-scenario.jobs // scenario.processes)
        plans = [_plan_of(scenario, slot) for slot in slots]
        order_gates = [OrderGate(self._environment.guilds_of(slot)) for slot in slots]
        runners = [
            ProcessRunner(self._environment, slot, order_gates[slot], self._job_counts, self._log)
            for slot in slots
        ]
        tasks = [
            asyncio.create_task(runner.run(ends, share, self._over, plan))
            for runner, ends, plan in zip(runners, plan_kills(scenario), plans, strict=True)
        ]
        for order_gate in order_gates:
            for _ in range(scenario.seats):
                self._start(self._members.occupy_seat(order_gate))
        self._start(self._count())
        for work in self._disturbances.works(runners, plans[0]):
            self._start(work)
        try:
            await self._until_ordered(runners, tasks)
            await self._until_finished()
            self._over.set()
            await asyncio.gather(*tasks)
        finally:
            await _cancelled([*tasks, *self._tasks])

    def save_logs(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, output in enumerate(self._log.outputs, 1):
            (folder / f"{self._scenario.name}-{number}.log").write_text(output)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _count(self) -> None:
        while True:
            self._job_counts.update(Counter(await self._environment.ledger.job_counts()) - self._job_counts)
            await asyncio.sleep(INTERVAL)

    async def _until_ordered(
        self, runners: Sequence[ProcessRunner], tasks: Sequence[asyncio.Task[None]]
    ) -> None:
        """Wait until all planned kills have happened and all orders were placed."""
        while (
            not all(runner.steady.is_set() for runner in runners)
            or self._job_counts.total() < self._scenario.jobs
        ):
            self._raise_what_failed([*tasks, *self._tasks])
            if self._log.process_errors:
                return
            await asyncio.sleep(INTERVAL)

    async def _until_finished(self) -> None:
        """Wait until every job and every reply has ended, or nothing has changed for a while."""
        until, last = time.time() + self._scenario.patience, (-1, -1)
        while time.time() < until:
            self._raise_what_failed(self._tasks)
            open_jobs = await self._environment.ledger.count_open()
            waiting = sum(map(self._is_waiting, self._members.placed))
            if not (open_jobs or waiting):
                return
            if (open_jobs, waiting) != last:
                until, last = time.time() + self._scenario.patience, (open_jobs, waiting)
            await asyncio.sleep(INTERVAL)
        self._idle = await self._environment.idle_jobs()

    def _is_waiting(self, placed: PlacedOrder) -> bool:
        answered = placed.reply.interaction.message is not None
        if not answered or ended(placed.reply) or self._was_cut_off(placed):
            return False
        return not any(placed.reply.id in each.messages for each in self._disturbances.set_backs)

    def _was_cut_off(self, placed: PlacedOrder) -> bool:
        # A killed process may have deferred its reply after the recorded kill of its order.
        answered = placed.reply.interaction.answered_at or placed.at
        slot = self._environment.guilds.index(placed.guild) // self._scenario.guilds
        return any(placed.at <= kill <= answered + CUT_OFF_SECONDS for kill in self._log.kills_of(slot))

    def _raise_what_failed(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done():
                task.result()

    async def result(self, seconds: float) -> Run:
        segmind, scenario, log = self._environment.segmind, self._scenario, self._log
        findings = check(
            Evidence(
                await self._environment.ledger.read(),
                [(each.request_id, each.body) for each in segmind.submissions],
                segmind.billed,
                self._members.placed,
                self._was_cut_off,
                list(self._environment.discord.messages),
                self._disturbances.set_backs,
                self._idle,
                scenario.suspensions > 0,
            )
        )
        ambiguous_faults = sum(
            times
            for (endpoint, kind), times in segmind.faults.counts.items()
            if endpoint == "submit" and kind in _AMBIGUOUS_FAULTS
        )
        return Run(
            name=scenario.name,
            database=scenario.database,
            processes=scenario.processes,
            seed=scenario.seed,
            jobs=self._job_counts.total(),
            kills=len(log.kills),
            ambiguous=ambiguous_faults + sum(kill.unknown for kill in log.kills),
            submitted_twice=len(findings.submitted_twice),
            lost=len(findings.lost),
            ledger_difference=findings.ledger,
            unfinished_messages=len(findings.unfinished),
            extra_messages=len(findings.extra),
            overwritten=len(findings.overwritten),
            idle=len(findings.idle),
            recovery_s=round(median(log.recoveries), 2) if log.recoveries else None,
            recovery_most_s=round(max(log.recoveries), 2) if log.recoveries else None,
            recoveries=len(log.recoveries),
            rejected=findings.rejected,
            cut_off=findings.cut_off,
            unanswered=findings.unanswered,
            seconds=round(seconds, 1),
            points=dict(Counter(str(kill.point or "by chance") for kill in log.kills).most_common()),
            disturbances=self._disturbances.counts(),
            checked_calls=None if Spec.find() is None else self._environment.discord.call_count,
            failures=self._failures(findings),
        )

    def _failures(self, findings: Findings) -> list[str]:
        ledger = [f"the ledger is off by {findings.ledger}"] if findings.ledger else []
        return [
            *self._log.process_errors,
            *findings.sentences,
            *ledger,
            *sorted(set(self._environment.discord.violations)),
            *LeakScanner(self._environment.discord.token).findings(self._log.outputs),
        ]


def _plan_of(scenario: Scenario, slot: int) -> CrashPlan:
    """Return the faults that are built into the process of a slot."""
    position = slot / (scenario.processes - 1) - 0.5 if scenario.processes > 1 else 0.0
    is_random = scenario.deaf or scenario.suspensions
    return CrashPlan(
        clock_jump=scenario.clock_jump,
        clock_offset=scenario.clock_skew * position,
        deaf=scenario.deaf,
        suspensions=scenario.suspensions,
        seed=scenario.seed * 1000 + slot if is_random else 0,
        break_rules=scenario.break_rules,
    )


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
