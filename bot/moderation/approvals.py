"""Results that a moderator looks at before anybody else: what was decided of them, and until when it can be.

No bytes are kept for them. Segmind has a result for a week, which is time enough to look at it, and a server
that looks at everything first wants anything but an archive of pictures that nobody has approved.
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


class NoLog(Exception):
    """Without a log there is no place in which moderators could look at a result."""


class LogNeeded(Exception):
    """The log cannot be switched off while results wait there for moderators."""


class UnknownApproval(Exception):
    """Nothing is known any more of what a moderator was asked about."""


class Verdict(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    """Nobody decided in time."""
    WITHDRAWN = "withdrawn"
    """The member had everything deleted."""


@dataclass(frozen=True, slots=True)
class Approval:
    job_id: str
    guild_id: int
    asked_at: float
    lapses_at: float
    verdict: Verdict = Verdict.WAITING
    decided_by: int = 0
    """Nobody, where nobody decided, or somebody about whom everything was deleted."""
    channel_id: int | None = None
    message_id: int | None = None
    """Where moderators were asked; none where they could not be yet."""

    @property
    def card(self) -> tuple[int, int] | None:
        if self.channel_id is None or self.message_id is None:
            return None
        return self.channel_id, self.message_id


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of an attempt to decide."""

    approval: Approval
    job: Job | None
    """Whose end is to be told once more, by this process; none where somebody else does so, or did."""
    is_new: bool
    """Whether this attempt has decided it, and not an earlier one."""


class ApprovalRepository(Protocol):
    async def ask(self, job_id: str, guild_id: int, lapses_at: float) -> Approval:
        """Write down that a moderator is asked, unless one was; as it stands."""
        ...

    async def find(self, job_id: str) -> Approval | None: ...

    async def posted(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Write down where moderators are asked."""
        ...

    async def decide(
        self, job_id: str, verdict: Verdict, actor: int, audit_entry: AuditEntry | None
    ) -> Ruling:
        """Of several attempts, the first one decides. Its job is open again, and this process's.

        Raises `NothingAwaited`.
        """
        ...

    async def waiting(self) -> Sequence[Approval]:
        """Those about which nobody has decided, the oldest first."""
        ...

    async def overdue(self, now: float) -> Sequence[Approval]: ...

    async def withdrawn(self) -> Sequence[Approval]: ...

    async def drop(self, job_id: str) -> None: ...

    async def waiting_in(self, guild_id: int) -> int:
        """How many results wait in this server."""
        ...


class ApprovalHandler(Protocol):
    """What is done about results that wait, besides deciding."""

    async def ask_again(self, approval: Approval) -> bool:
        """Where they were not asked yet, or elsewhere; whether the moderators of its server can be asked."""
        ...

    async def lapse(self, approval: Approval) -> None: ...

    async def withdraw(self, approval: Approval) -> None: ...


class ApprovalMonitor:
    """Looks after the results that wait: asks where nobody could be asked, and ends what nobody decides."""

    def __init__(
        self, book: ApprovalRepository, asking: ApprovalHandler, clock: Clock, *, every: float = 60.0
    ) -> None:
        self._book = book
        self._asking = asking
        self._clock = clock
        self._every = every

    async def run(self) -> None:
        await run_periodically(
            self.run_once,
            self._clock,
            self._every,
            "results that wait for moderators could not be looked after",
        )

    async def run_once(self) -> None:
        for approval in await self._book.overdue(self._clock.now()):
            await self._asking.lapse(approval)
        for approval in await self._book.withdrawn():
            await self._asking.withdraw(approval)
        deaf: set[int] = set()
        for approval in await self._book.waiting():
            if approval.guild_id not in deaf and not await self._asking.ask_again(approval):
                deaf.add(approval.guild_id)


def server_of(job: Job) -> int | None:
    """Whose moderators decide about a job: none where the bot is no member of the server."""
    place = job.place
    here = account_of(guild_id=place.guild_id, user_id=place.user_id)
    return place.guild_id if place.guild_id is not None and job.account == here else None
