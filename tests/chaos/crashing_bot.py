"""The bot as `python -m bot` runs it, with the faults of a scenario built in.

python -m tests.chaos.crashing_bot '{"point": "ready", "occurrence": 3}' run
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Self

from discord import Attachment, File
from discord.ui import LayoutView

from bot.__main__ import main
from bot.chat.messages import Messages
from bot.chat.routes import Route
from bot.clock import WallClock
from bot.jobs.job import Job, Place, State
from bot.jobs.service import JobService
from bot.ledger.policy import MemberTerms
from bot.segmind.client import SegmindClient
from bot.segmind.states import Accepted
from bot.store import SqlStore
from bot.store.connection import Connection
from bot.store.write.apply import apply
from bot.store.write.commands import Change, Move, Outcome, WriteContext
from tests.chaos.kill_points import KillPoint
from tests.chaos.lost_answers import LostAnswers
from tests.chaos.suspensions import Suspensions

CLOCK_JUMP_FILE = Path("clock-jump")


@dataclass(frozen=True, slots=True)
class CrashPlan:
    """Faults inside one process. Rule breakers prove that the checks find each kind of loss."""

    point: KillPoint | None = None
    occurrence: int = 1
    """Number of times that the process reaches the point until it is killed there."""
    clock_jump: float = 0.0
    """Seconds by which the clock is ahead once the file `clock-jump` exists in the process's folder."""
    clock_offset: float = 0.0
    """Seconds by which the clock is wrong from the start."""
    deaf: float = 0.0
    """Share of the commits that are durable, but whose answer is lost."""
    suspensions: int = 0
    """Number of times that the process suspends itself."""
    seed: int = 0
    break_rules: str = ""

    def to_json(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})

    @classmethod
    def from_json(cls, text: str) -> Self:
        values: dict[str, Any] = json.loads(text)
        if "point" in values:
            values["point"] = KillPoint(values["point"])
        return cls(**values)


class KillSwitch:
    """Kills the process at the planned point, and suspends it before that."""

    def __init__(self, plan: CrashPlan) -> None:
        self._plan = plan
        self._suspensions = Suspensions(plan.suspensions, plan.seed)
        self._occurrences = count(1)

    def reach(self, point: KillPoint | None) -> None:
        if point is None:
            return
        if point is self._plan.point and next(self._occurrences) == self._plan.occurrence:
            os.kill(os.getpid(), signal.SIGKILL)
        self._suspensions.reach(point)


_BEFORE: Mapping[State, KillPoint] = {State.SUBMITTED: KillPoint.ANSWERED, State.DONE: KillPoint.FETCHED}
_AFTER: Mapping[State, KillPoint] = {
    State.SUBMITTING: KillPoint.SUBMITTING,
    State.SUBMITTED: KillPoint.SUBMITTED,
    State.UNKNOWN: KillPoint.UNKNOWN,
    State.READY: KillPoint.READY,
    State.DONE: KillPoint.DONE,
    State.FAILED: KillPoint.RELEASED,
    State.BLOCKED: KillPoint.RELEASED,
    State.EXPIRED: KillPoint.RELEASED,
}


class CrashingStore(SqlStore):
    """The store, with kill points around its steps."""

    kill_switch: ClassVar[KillSwitch] = KillSwitch(CrashPlan())
    lost_answers: ClassVar[LostAnswers | None] = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        # The environment reads the worker's id to find the open jobs of a killed process.
        os.write(1, f"worker {self._worker}\n".encode())
        return self

    async def open(self, job: Job, terms: MemberTerms, *others: Job) -> None:
        if self.lost_answers is not None:
            self.lost_answers.armed = True
        self.kill_switch.reach(KillPoint.RECEIVED)
        await super().open(job, terms, *others)
        self.kill_switch.reach(KillPoint.OPENED)

    async def move(self, job: Job, to: Job) -> Job:
        self.kill_switch.reach(_BEFORE.get(to.state))
        moved = await super().move(job, to)
        self.kill_switch.reach(_AFTER.get(to.state))
        return moved

    async def mark_told(self, job: Job) -> None:
        self.kill_switch.reach(KillPoint.SHOWN)
        await super().mark_told(job)
        self.kill_switch.reach(KillPoint.TOLD)


async def _applied(connection: Connection, changes: Sequence[Change], context: WriteContext) -> list[Outcome]:
    outcomes = await apply(connection, changes, context)
    if any(isinstance(change, Move) for change in changes):
        CrashingStore.kill_switch.reach(KillPoint.COMMITTING)
    return outcomes


class TwiceSubmittingClient(SegmindClient):
    """Breaks the rule that a request is never submitted again."""

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        await super().submit(slug, body)
        return await super().submit(slug, body)


class ResultDroppingMessages(Messages):
    """Breaks the rule that a job ends only after its outcome was shown: drops messages with results."""

    async def try_route(
        self,
        route: Route,
        place: Place,
        view: LayoutView,
        files: Sequence[File] = (),
        *,
        nonce: str = "",
        kept: Sequence[Attachment] = (),
    ) -> None:
        if not files:
            await super().try_route(route, place, view, files, nonce=nonce, kept=kept)


class CreditLeakingStore(CrashingStore):
    """Breaks the rule that credits change only with a ledger entry."""

    async def open(self, job: Job, terms: MemberTerms, *others: Job) -> None:
        await super().open(job, terms, *others)
        async with self._database.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE accounts SET granted = granted + 1 WHERE id = '{job.account}'"
            )


class ForgetfulJobService(JobService):
    """Breaks the rule that a start resumes all open jobs."""

    async def resume(self) -> int:
        return 0


def _wrong_clock(plan: CrashPlan) -> type[WallClock]:
    class WrongClock(WallClock):
        def now(self) -> float:
            jump = plan.clock_jump if CLOCK_JUMP_FILE.exists() else 0
            return time.time() + plan.clock_offset + jump

    return WrongClock


RULE_BREAKERS: Mapping[str, tuple[type[Any], type[Any]]] = {
    "sends twice": (SegmindClient, TwiceSubmittingClient),
    "shows nothing": (Messages, ResultDroppingMessages),
    "gives credits away": (SqlStore, CreditLeakingStore),
    "forgets jobs": (JobService, ForgetfulJobService),
}


def install(plan: CrashPlan) -> None:
    """Replace the parts of the bot in this process."""
    CrashingStore.kill_switch = KillSwitch(plan)
    if plan.deaf:
        CrashingStore.lost_answers = LostAnswers(plan.deaf, plan.seed)
        CrashingStore.lost_answers.install()
    changes: dict[Any, Any] = {SqlStore: CrashingStore, apply: _applied}
    if plan.clock_jump or plan.clock_offset:
        changes[WallClock] = _wrong_clock(plan)
    changes |= dict(RULE_BREAKERS[rule.strip()] for rule in filter(None, plan.break_rules.split(",")))
    replacements = {id(original): changed for original, changed in changes.items()}
    # Modules hold the originals under imported names; later imports get the replacement.
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "bot"]:
        for name, thing in list(vars(module).items()):
            if id(thing) in replacements:
                setattr(module, name, replacements[id(thing)])


if __name__ == "__main__":
    install(CrashPlan.from_json(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
