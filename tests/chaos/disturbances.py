"""Disturbances of a scenario beside its kills: of the network, the database, the clocks and the processes."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from tests.chaos import lost_answers, suspensions
from tests.chaos.crashing_bot import CLOCK_JUMP_FILE, CrashPlan
from tests.chaos.environment import Environment, dice_of
from tests.chaos.load import Members
from tests.chaos.messages import SetBack
from tests.chaos.network_faults import NetworkFaults
from tests.chaos.presses import Presses
from tests.chaos.process import ProcessRunner, RunLog
from tests.discord.program import Program
from tests.postgres import Postgres

INTERVAL = 0.2
# How far behind the replica is that becomes the primary, in seconds.
_BEHIND = (1.0, 4.0)
_LEASE = 30.0


class Disturbances:
    """Tasks that disturb a scenario until they are cancelled."""

    def __init__(
        self,
        environment: Environment,
        postgres: Postgres | None,
        members: Members,
        log: RunLog,
        job_count: Callable[[], int],
        over: asyncio.Event,
    ) -> None:
        self._environment = environment
        self._scenario = environment.scenario
        self._postgres = postgres
        self._log = log
        self._job_count = job_count
        self._over = over
        self._presses = Presses(environment.discord, members, dice_of(self._scenario, "presses"))
        self.set_backs: list[SetBack] = []

    def works(self, runners: Sequence[ProcessRunner], base: CrashPlan) -> list[Coroutine[Any, Any, None]]:
        """Return the disturbances of the scenario, to be run as tasks."""
        scenario, environment = self._scenario, self._environment
        works: list[Coroutine[Any, Any, None]] = []
        if scenario.network_faults:
            dice = dice_of(scenario, "network faults")
            works.append(
                NetworkFaults(environment.discord, environment.segmind, scenario.segmind, dice).run()
            )
        if scenario.second_process:
            works.append(self._run_second_process(runners, base))
        if scenario.postgres_restarts:
            works.append(self._restart_postgres())
        if scenario.set_backs:
            works.append(self._set_postgres_back())
        if scenario.clock_jump:
            works.append(self._jump_clock())
        if scenario.suspensions:
            lease, dice = scenario.lease or _LEASE, dice_of(scenario, "suspensions")
            works.append(suspensions.wake_suspended(lambda: environment.programs, lease, dice))
        if scenario.presses:
            works.append(self._presses.run())
        return works

    def counts(self) -> Mapping[str, int]:
        """Return the number of disturbances by kind."""
        found = Counter(self._presses.counts)
        for output in self._log.outputs:
            for mark in (lost_answers.MARK, suspensions.MARK):
                for what in re.findall(rf"(?m)^{mark} (.+)$", output):
                    found.update(f"{mark} {each}" for each in what.split(", "))
        if self.set_backs:
            found["set-backs"] = len(self.set_backs)
            found["jobs that a set-back forgot"] = sum(len(each.messages) for each in self.set_backs)
        return dict(found.most_common())

    async def _until_ordered_share(self, parts: int = 1, of: int = 2) -> None:
        while self._job_count() * of < self._scenario.jobs * parts:
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

    async def _set_postgres_back(self) -> None:
        assert self._postgres is not None
        dice = dice_of(self._scenario, "set-backs")
        for number in range(1, self._scenario.set_backs + 1):
            await self._until_ordered_share(number, self._scenario.set_backs + 1)
            since = time.time()
            await self._postgres.keep()
            await asyncio.sleep(dice.uniform(*_BEHIND))
            gone = await self._postgres.set_back()
            messages, nonces = {row.message_id for row in gone}, {row.nonce for row in gone}
            self.set_backs.append(SetBack(since, time.time(), messages, nonces))
        await self._over.wait()

    async def _jump_clock(self) -> None:
        await self._until_ordered_share()
        (self._environment.folder / CLOCK_JUMP_FILE).touch()
        await self._over.wait()


async def _end(bot: Program, log: RunLog) -> None:
    if (code := await bot.terminate()) != 0:
        log.process_errors.append(f"a terminated process exited with {code}: {bot.output[-2000:]}")
