"""A case: something that somebody reported, and what moderators did about it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.moderation.access import HOUR
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)


class TooManyReports(Exception):
    """The member has as many reports open as may be."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Step(StrEnum):
    """What can be done about it, in the order of the buttons."""

    REMOVE = "remove"
    """Every message of the job is deleted, and its result is shown to nobody any more."""
    NEVER = "never"
    """Its pictures and their copies are refused from now on."""
    BLOCK = "block"
    """Whoever ordered it may not use the bot here any more."""
    REFUND = "refund"
    DISMISS = "dismiss"

    @property
    def closes(self) -> bool:
        return self in {Step.REMOVE, Step.DISMISS}


_OF_SERVERS = frozenset({Step.BLOCK, Step.REFUND})


@dataclass(frozen=True, slots=True)
class Case:
    number: int
    job_id: str
    guild_id: int | None
    """Whose moderators it is for; none where it is the operator's."""
    reporter: int
    opened_at: float
    steps: tuple[Step, ...] = ()
    closed_at: float | None = None
    channel_id: int | None = None
    message_id: int | None = None
    """Its card in the log; none where it went to the operators."""

    @property
    def card(self) -> tuple[int, int] | None:
        if self.channel_id is None or self.message_id is None:
            return None
        return self.channel_id, self.message_id

    @property
    def remaining_steps(self) -> frozenset[Step]:
        """What can still be done."""
        if Step.DISMISS in self.steps:
            return frozenset()
        done = {*self.steps} | ({Step.DISMISS} if self.closed_at is not None else set[Step]())
        # Outside of servers there is nobody to be shut out of one, and no administrator who refunds.
        return frozenset(Step) - done - (_OF_SERVERS if self.guild_id is None else frozenset[Step]())


class CaseRepository(Protocol):
    async def open(self, job_id: str, guild_id: int | None, reporter: int, *, most: int) -> tuple[Case, bool]:
        """The open case of this job, and whether it is a new one.

        Raises `TooManyReports` where it would be, and the reporter has so many open ones.
        """
        ...

    async def posted(self, number: int, channel_id: int, message_id: int) -> None:
        """Write down where its card is."""
        ...

    async def open_in(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[Case]:
        """Those of this server with which nobody has dealt, the newest first."""
        ...

    async def find(self, number: int) -> Case | None: ...

    async def step(self, number: int, step: Step, actor: int) -> Case:
        """Write down what was done."""
        ...

    async def overdue(self, opened_before: float) -> Sequence[Case]:
        """Open cases from before then that were not passed on yet."""
        ...

    async def pass_on(self, number: int) -> bool:
        """Write down that the operator is told; of several processes, one hears that it is to tell."""
        ...


class Escalation:
    """Tells the operator of every case that nobody has dealt with in time."""

    def __init__(
        self,
        book: CaseRepository,
        tell: Callable[[Case], Awaitable[None]],
        clock: Clock,
        *,
        hours: float,
        every: float = 600.0,
    ) -> None:
        self._book = book
        self._tell = tell
        self._clock = clock
        self._patience = hours * HOUR
        self._every = every

    async def run(self) -> None:
        await run_periodically(
            self.run_once, self._clock, self._every, "overdue reports could not be passed on"
        )

    async def run_once(self) -> None:
        for case in await self._book.overdue(self._clock.now() - self._patience):
            if await self._book.pass_on(case.number):
                log.warning("a report is passed on to the operators", case=case.number, guild=case.guild_id)
                await self._tell(case)
