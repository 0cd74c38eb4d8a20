"""Runs one scenario from its first order to its checks."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from statistics import median
from typing import Any

from bot.sandbox.segmind import FaultKind
from tests.chaos.checks import Evidence, Findings, check
from tests.chaos.crashing_bot import CLOCK_JUMP_FILE, CrashPlan
from tests.chaos.environment import Environment, dice_of, open_environment
from tests.chaos.leaks import LeakScanner
from tests.chaos.load import Members, OrderGate
from tests.chaos.network_faults import NetworkFaults
from tests.chaos.orders import PlacedOrder
from tests.chaos.process import ProcessRunner, RunLog
from tests.chaos.reply_states import ended
from tests.chaos.report import Run
from tests.chaos.scenarios import Scenario, plan_kills
from tests.discord.program import Program
from tests.discord.spec import Spec
from tests.postgres import Postgres

INTERVAL = 0.2
# A kill this long after the bot's response no longer explains a missing job.
CUT_OFF_SECONDS = 30.0
_AMBIGUOUS_FAULTS = frozenset(
    {
        FaultKind.DROP_BEFORE,
        FaultKind.DROP_AFTER,
        FaultKind.ERROR_BEFORE,
        FaultKind.ERROR_AFTER,
        FaultKind.TRUNCATED,
    }
)


async def run_scenario(scenario: Scenario, postgres: Postgres | None = None) -> Run:
    """Run a scenario; on Postgres, `postgres` is a server with an empty database."""
    if scenario.database == "postgres" and postgres is None:
        raise ValueError("this scenario needs a Postgres")
    url = postgres.url("doppel") if postgres is not None and scenario.database == "postgres" else None
    begun = time.monotonic()
    async with open_environment(scenario, url) as built:
        runner = ScenarioRunner(built, postgres)
        await runner.run()
        return await runner.result(time.monotonic() - begun)


class ScenarioRunner:
    """Starts processes, members and disturbances, waits for the end and checks the outcome."""

    def __init__(self, environment: Environment, postgres: Postgres | None) -> None:
        self._environment = environment
        self._scenario = environment.scenario
        self._postgres = postgres
        self._members = Members(environment.discord, dice_of(self._scenario, "members"))
        self._log = RunLog()
        self._job_counts: Counter[int] = Counter()
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        scenario, slots = self._scenario, range(self._scenario.processes)
        share = -(-scenario.jobs // scenario.processes)
        base = CrashPlan(
            clock_jump=scenario.clock_jump,
            lose_commit_every=scenario.lose_commit_every,
            break_rules=scenario.break_rules,
        )
        order_gates = [OrderGate(self._environment.guilds_of(slot)) for slot in slots]
        runners = [
            ProcessRunner(self._environment, slot, order_gates[slot], self._job_counts, self._log)
            for slot in slots
        ]
        tasks = [
            asyncio.create_task(runner.run(ends, share, self._over, base))
            for runner, ends in zip(runners, plan_kills(scenario), strict=True)
        ]
        for order_gate in order_gates:
            for _ in range(scenario.seats):
                self._start(self._members.occupy_seat(order_gate))
        self._start(self._count())
        self._start_disturbances(runners, base)
        try:
            await self._until_ordered(runners, tasks)
            await self._until_finished()
            self._over.set()
            await asyncio.gather(*tasks)
        finally:
            await _cancelled([*tasks, *self._tasks])

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _start_disturbances(self, runners: Sequence[ProcessRunner], base: CrashPlan) -> None:
        scenario = self._scenario
        if scenario.network_faults:
            faults = NetworkFaults(
                self._environment.discord,
                self._environment.segmind,
                scenario.segmind,
                dice_of(scenario, "network faults"),
            )
            self._start(faults.run())
        if scenario.second_process:
            self._start(self._run_second_process(runners, base))
        if scenario.postgres_restarts:
            self._start(self._restart_postgres())
        if scenario.clock_jump:
            self._start(self._jump_clock())

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
        """Wait until every job and every reply has ended, or the scenario's patience is over."""
        until = time.time() + self._scenario.patience
        while time.time() < until:
            self._raise_what_failed(self._tasks)
            if not await self._environment.ledger.any_open() and not any(
                map(self._is_waiting, self._members.placed)
            ):
                return
            await asyncio.sleep(INTERVAL)

    def _is_waiting(self, placed: PlacedOrder) -> bool:
        answered = placed.reply.interaction.message is not None
        return answered and not ended(placed.reply) and not self._was_cut_off(placed)

    def _was_cut_off(self, placed: PlacedOrder) -> bool:
        # A killed process may have deferred its reply after the recorded kill of its order.
        answered = placed.reply.interaction.answered_at or placed.at
        slot = self._environment.guilds.index(placed.guild) // self._scenario.guilds
        return any(placed.at <= kill <= answered + CUT_OFF_SECONDS for kill in self._log.kills_of(slot))

    def _raise_what_failed(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done():
                task.result()

    async def _until_ordered_share(self, parts: int = 1, of: int = 2) -> None:
        while self._job_counts.total() * of < self._scenario.jobs * parts:
            await asyncio.sleep(INTERVAL)

    async def _run_second_process(self, runners: Sequence[ProcessRunner], base: CrashPlan) -> None:
        """Start the bot a second time on the same database."""
        await runners[0].steady.wait()
        await self._environment.discord.online()
        async with self._environment.bot(0, base) as second:
            if self._scenario.database == "sqlite":
                code = await second.end()
                if code != 1 or "has" not in second.output:
                    self._log.process_errors.append(f"a second process exited with {code}: {second.output}")
            else:
                await self._over.wait()
                await _end(second, self._log)
            self._log.outputs.append(second.output)
        await self._over.wait()

    async def _restart_postgres(self) -> None:
        assert self._postgres is not None
        for number in range(1, self._scenario.postgres_restarts + 1):
            await self._until_ordered_share(number, self._scenario.postgres_restarts + 1)
            await asyncio.to_thread(self._postgres.crash)
        await self._over.wait()

    async def _jump_clock(self) -> None:
        await self._until_ordered_share()
        (self._environment.folder / CLOCK_JUMP_FILE).touch()
        await self._over.wait()

    async def result(self, seconds: float) -> Run:
        segmind, scenario, log = self._environment.segmind, self._scenario, self._log
        findings = check(
            Evidence(
                await self._environment.ledger.read(),
                [(each.request_id, each.body) for each in segmind.submissions],
                segmind.billed,
                self._members.placed,
                self._was_cut_off,
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
            recovery_s=round(median(log.recoveries), 2) if log.recoveries else None,
            recovery_most_s=round(max(log.recoveries), 2) if log.recoveries else None,
            recoveries=len(log.recoveries),
            rejected=findings.rejected,
            cut_off=findings.cut_off,
            unanswered=findings.unanswered,
            seconds=round(seconds, 1),
            points=dict(Counter(str(kill.point or "by chance") for kill in log.kills).most_common()),
            checked_calls=None if Spec.find() is None else self._environment.discord.call_count,
            failures=self._failures(findings),
        )

    def _failures(self, findings: Findings) -> list[str]:
        ledger = [f"the ledger is off by {findings.ledger}"] if findings.ledger else []
        return [
            *self._log.process_errors,
            *findings.submitted_twice,
            *findings.lost,
            *ledger,
            *findings.unfinished,
            *sorted(set(self._environment.discord.violations)),
            *LeakScanner(self._environment.discord.token).findings(self._log.outputs),
        ]


async def _end(bot: Program, log: RunLog) -> None:
    if (code := await bot.terminate()) != 0:
        log.process_errors.append(f"a terminated process exited with {code}: {bot.output[-2000:]}")


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
