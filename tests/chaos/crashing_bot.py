"""The bot as `python -m bot` runs it, but for what a storm does to it from within.

python -m tests.chaos.crashing_bot '{"point": "ready", "turn": 3}' run
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

from discord import File
from discord.ui import LayoutView

from bot.__main__ import main
from bot.chat.messages import Messages
from bot.chat.routes import Route
from bot.clock import WallClock
from bot.jobs.job import Job, Place, State
from bot.jobs.ports import Capacity
from bot.jobs.service import JobService
from bot.ledger.policy import MemberTerms
from bot.segmind.client import SegmindClient
from bot.segmind.protocol import Accepted
from bot.store import SqlStore
from bot.store.connection import Connection
from bot.store.write.commands import Change, Move, Outcome, WriteContext, apply
from tests.chaos.kill_points import Point

LEAP = Path("leap")


@dataclass(frozen=True, slots=True)
class Fate:
    """What a process is to suffer. The breaches are there to see that the storm's count finds them."""

    point: Point | None = None
    turn: int = 1
    """At which passage of the point it dies."""
    leap: float = 0.0
    """Seconds by which the clock is ahead, once there is a file named `leap` in the process's folder."""
    deaf: int = 0
    """Of so many commits, one is durable and its answer is lost, as when the database goes away just then."""
    breach: str = ""

    def told(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})

    @classmethod
    def read(cls, told: str) -> Self:
        facts: dict[str, Any] = json.loads(told)
        if "point" in facts:
            facts["point"] = Point(facts["point"])
        return cls(**facts)


class Death:
    """`pass_by` is called at every point; at the chosen one the process ends there and then."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._turns = count(1)

    def pass_by(self, point: Point | None) -> None:
        if point is not None and point is self._fate.point and next(self._turns) == self._fate.turn:
            os.kill(os.getpid(), signal.SIGKILL)


_BEFORE: Mapping[State, Point] = {State.SUBMITTED: Point.ANSWERED, State.DONE: Point.FETCHED}
_AFTER: Mapping[State, Point] = {
    State.SUBMITTING: Point.SUBMITTING,
    State.SUBMITTED: Point.SUBMITTED,
    State.UNKNOWN: Point.UNKNOWN,
    State.READY: Point.READY,
    State.DONE: Point.DONE,
    State.FAILED: Point.RELEASED,
    State.BLOCKED: Point.RELEASED,
    State.EXPIRED: Point.RELEASED,
}


class DoomedStore(SqlStore):
    """The store itself, with the points around its steps."""

    death: ClassVar[Death] = Death(Fate())
    deaf: ClassVar[int] = 0
    _commits: ClassVar["count[int]"] = count(1)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        # The storm has to know whose jobs are orphaned by a kill.
        os.write(1, f"worker {self._worker}\n".encode())
        return self

    async def open(self, job: Job, terms: MemberTerms) -> None:
        self.death.pass_by(Point.ASKED)
        await super().open(job, terms)
        self.death.pass_by(Point.OPENED)

    async def move(self, job: Job, to: Job, *, capacity: Capacity | None = None) -> Job:
        self.death.pass_by(_BEFORE.get(to.state))
        moved = await super().move(job, to, capacity=capacity)
        self.death.pass_by(_AFTER.get(to.state))
        return moved

    async def mark_told(self, job: Job) -> None:
        self.death.pass_by(Point.SHOWN)
        await super().mark_told(job)
        self.death.pass_by(Point.TOLD)

    async def _transact(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        outcomes = await super()._transact(changes)
        if self.deaf and next(self._commits) % self.deaf == 0:
            raise ConnectionResetError("the answer to a commit was lost")
        return outcomes


async def _applied(connection: Connection, changes: Sequence[Change], context: WriteContext) -> list[Outcome]:
    outcomes = await apply(connection, changes, context)
    if any(isinstance(change, Move) for change in changes):
        DoomedStore.death.pass_by(Point.COMMITTING)
    return outcomes


class TwiceClient(SegmindClient):
    """Breaks the rule that a request is never sent again."""

    async def submit(self, slug: str, body: Mapping[str, Any]) -> Accepted:
        await super().submit(slug, body)
        return await super().submit(slug, body)


class MuteMessages(Messages):
    """Breaks the rule that a job is closed only when its end was shown: results are dropped on the way."""

    async def put(
        self, route: Route, place: Place, view: LayoutView, files: Sequence[File] = (), *, nonce: str = ""
    ) -> None:
        if not files:
            await super().put(route, place, view, files, nonce=nonce)


class GenerousStore(DoomedStore):
    """Breaks the rule that money moves only with an entry."""

    async def mark_told(self, job: Job) -> None:
        async with self._database.begin() as connection:
            await connection.exec_driver_sql(
                f"UPDATE accounts SET granted = granted + 1 WHERE id = '{job.account}'"
            )
        await super().mark_told(job)


class ForgetfulDesk(JobService):
    """Breaks the rule that a start goes on with what was left open."""

    async def resume(self) -> int:
        return 0


def _leaping(fate: Fate) -> type[WallClock]:
    class LeapingClock(WallClock):
        def now(self) -> float:
            return time.time() + (fate.leap if LEAP.exists() else 0)

    return LeapingClock


BREACHES: Mapping[str, tuple[type[Any], type[Any]]] = {
    "sends twice": (SegmindClient, TwiceClient),
    "shows nothing": (Messages, MuteMessages),
    "gives credits away": (SqlStore, GenerousStore),
    "forgets jobs": (JobService, ForgetfulDesk),
}


def bend(fate: Fate) -> None:
    """Put everything in place, in this process alone."""
    DoomedStore.death, DoomedStore.deaf = Death(fate), fate.deaf
    changes: dict[Any, Any] = {SqlStore: DoomedStore, apply: _applied}
    if fate.leap:
        changes[WallClock] = _leaping(fate)
    changes |= dict(BREACHES[breach.strip()] for breach in filter(None, fate.breach.split(",")))
    instead = {id(original): changed for original, changed in changes.items()}
    # Wherever it was imported to; what is imported later finds it changed already.
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "bot"]:
        for name, thing in list(vars(module).items()):
            if id(thing) in instead:
                setattr(module, name, instead[id(thing)])


if __name__ == "__main__":
    bend(Fate.read(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
