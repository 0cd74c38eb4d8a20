"""Approvals: moderators decide about a result before anybody else sees it.

No copy of the result is stored while it waits. Segmind has it for a week, which is time enough to decide, and
a server that approves results would not want an archive of pictures that nobody has approved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.clock import Clock
from bot.jobs.job import Job
from bot.ledger.account import account_of
from bot.ledger.ledger import AuditEntry
from bot.periodic import run_periodically

_CHECK_INTERVAL = 60.0


class NoLog(Exception):
    """The server has no log channel, which moderators need to approve results."""


class LogNeeded(Exception):
    """The log channel cannot be turned off while the server approves results in it."""


class OwnOrderApproval(Exception):
    """Moderators of this server do not approve results of their own orders."""


class UnknownApproval(Exception):
    """There is no record of this approval any more."""


class Verdict(StrEnum):
    """State of an approval."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    """No moderator decided in time."""
    WITHDRAWN = "withdrawn"
    """The member deleted their data."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Result that waits for moderators, or about which they have decided."""

    job_id: str
    guild_id: int
    asked_at: float
    lapses_at: float
    verdict: Verdict = Verdict.WAITING
    decided_by: int = 0
    """The moderator; 0 if none decided, or if that moderator's data was deleted."""
    channel_id: int | None = None
    message_id: int | None = None
    """Message of the approval card; None until the bot has posted it."""

    @property
    def card(self) -> tuple[int, int] | None:
        if self.channel_id is None or self.message_id is None:
            return None
        return self.channel_id, self.message_id


@dataclass(frozen=True, slots=True)
class Ruling:
    """Outcome of an attempt to decide."""

    approval: Approval
    job: Job | None
    """Job whose outcome this worker has to deliver; None if another worker delivers it or has done so."""
    is_new: bool
    """True if this attempt decided, rather than an earlier one."""


class ApprovalRepository(Protocol):
    """Stores approvals; the store implements it."""

    async def ask(self, job_id: str, guild_id: int, lapses_at: float) -> Approval:
        """Record the request for an approval, and return it; if there is one, return that."""
        ...

    async def find(self, job_id: str) -> Approval | None: ...

    async def record_card(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record the message of the approval card."""
        ...

    async def decide(
        self, job_id: str, verdict: Verdict, actor: int, audit_entry: AuditEntry | None
    ) -> Ruling:
        """Record a verdict unless there is one; raises `UnknownApproval`.

        The first of several attempts decides. It reopens the job, and this worker then owns it.
        """
        ...

    async def waiting(self) -> Sequence[Approval]:
        """Find the undecided approvals, oldest first."""
        ...

    async def overdue(self, now: float) -> Sequence[Approval]: ...

    async def withdrawn(self) -> Sequence[Approval]: ...

    async def drop(self, job_id: str) -> None: ...

    async def waiting_in(self, guild_id: int) -> int:
        """Count the undecided approvals of a server."""
        ...


class ApprovalHandler(Protocol):
    """Acts on approvals that nobody has decided; the chat side implements it."""

    async def ask_again(self, approval: Approval) -> bool:
        """Post the card if the log channel has none; return whether the moderators can be reached."""
        ...

    async def lapse(self, approval: Approval) -> None: ...

    async def withdraw(self, approval: Approval) -> None: ...


class ApprovalMonitor:
    """Checks undecided approvals: ends overdue and withdrawn ones, and posts missing cards."""

    def __init__(self, repository: ApprovalRepository, handler: ApprovalHandler, clock: Clock) -> None:
        self._repository = repository
        self._handler = handler
        self._clock = clock

    async def run(self) -> None:
        await run_periodically(self.run_once, self._clock, _CHECK_INTERVAL, "approval check failed")

    async def run_once(self) -> None:
        for approval in await self._repository.overdue(self._clock.now()):
            await self._handler.lapse(approval)
        for approval in await self._repository.withdrawn():
            await self._handler.withdraw(approval)
        unreachable: set[int] = set()
        for approval in await self._repository.waiting():
            if approval.guild_id not in unreachable and not await self._handler.ask_again(approval):
                unreachable.add(approval.guild_id)


def server_of(job: Job) -> int | None:
    """Server whose moderators decide about a job; None if the bot is not a member of the server."""
    place = job.place
    here = account_of(guild_id=place.guild_id, user_id=place.user_id)
    return place.guild_id if place.guild_id is not None and job.account == here else None
