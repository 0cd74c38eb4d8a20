"""Cases: reported jobs, and the steps that moderators take about them."""

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
    """The member has reached the limit of open reports."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class Step(StrEnum):
    """Action that moderators can take about a case, in the order of the buttons."""

    REMOVE = "remove"
    """Delete every message of the job, and never show its result again."""
    NEVER = "never"
    """Ban the media of the job and their copies."""
    BLOCK = "block"
    """Block the member who ordered the job from this server."""
    REFUND = "refund"
    DISMISS = "dismiss"

    @property
    def closes(self) -> bool:
        return self in {Step.REMOVE, Step.DISMISS}


@dataclass(frozen=True, slots=True)
class Case:
    """Report of a job, and the steps taken so far."""

    number: int
    job_id: str
    guild_id: int | None
    """Server whose moderators decide; None if the operator does."""
    reporter: int
    opened_at: float
    steps: tuple[Step, ...] = ()
    closed_at: float | None = None
    channel_id: int | None = None
    message_id: int | None = None
    """Message of the case card in the log channel; None if the case went to the operators."""

    @property
    def card(self) -> tuple[int, int] | None:
        if self.channel_id is None or self.message_id is None:
            return None
        return self.channel_id, self.message_id

    @property
    def remaining_steps(self) -> frozenset[Step]:
        if Step.DISMISS in self.steps:
            return frozenset()
        remaining = frozenset(Step).difference(self.steps)
        if self.closed_at is not None:
            remaining -= {Step.DISMISS}
        # Without a server there is nothing to block the member from, and no administrator who refunds.
        return remaining - {Step.BLOCK, Step.REFUND} if self.guild_id is None else remaining


class CaseRepository(Protocol):
    """Stores cases; the store implements it."""

    async def open(self, job_id: str, guild_id: int | None, reporter: int, *, most: int) -> tuple[Case, bool]:
        """Open a case, or find the open one of this job; return it and whether it is new.

        Raises `TooManyReports` if it would be new and the reporter has `most` open reports already.
        """
        ...

    async def posted(self, number: int, channel_id: int, message_id: int) -> None:
        """Record the message of the case card."""
        ...

    async def open_in(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[Case]:
        """Find the open cases of a server, newest first."""
        ...

    async def find(self, number: int) -> Case | None: ...

    async def step(self, number: int, step: Step, actor: int) -> Case:
        """Record a step."""
        ...

    async def overdue(self, opened_before: float) -> Sequence[Case]:
        """Find open cases from before then that were not escalated yet."""
        ...

    async def pass_on(self, number: int) -> bool:
        """Record the escalation; only one of several workers gets True, and tells the operator."""
        ...


class Escalation:
    """Passes cases that moderators have not closed in time on to the operator."""

    def __init__(
        self,
        repository: CaseRepository,
        tell_operator: Callable[[Case], Awaitable[None]],
        clock: Clock,
        *,
        hours: float,
        every: float = 600.0,
    ) -> None:
        self._repository = repository
        self._tell_operator = tell_operator
        self._clock = clock
        self._timeout = hours * HOUR
        self._every = every

    async def run(self) -> None:
        await run_periodically(self.run_once, self._clock, self._every, "escalation of cases failed")

    async def run_once(self) -> None:
        for case in await self._repository.overdue(self._clock.now() - self._timeout):
            if await self._repository.pass_on(case.number):
                log.warning("case escalated to the operator", case=case.number, guild=case.guild_id)
                await self._tell_operator(case)
