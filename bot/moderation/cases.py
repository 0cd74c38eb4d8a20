"""Cases: reported jobs, and the steps that moderators take about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.moderation.access import HOUR
from bot.periodic import run_periodically

log = structlog.stdlib.get_logger(__name__)

# Longest details of a report, in characters.
DETAILS_LIMIT = 500
# Seconds until the next attempt to tell somebody of a case, after one that failed or ended with its process.
RETRY_SECONDS = 600.0
_CHECK_INTERVAL = 600.0


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


class Complaint(StrEnum):
    """Complaint of a report, in the order of the form."""

    CONSENT = "consent"
    """Somebody who is shown did not agree."""
    INTIMATE = "intimate"
    CHILD = "child"
    DECEIT = "deceit"
    OTHER = "something_else"


class Audience(StrEnum):
    """People who were told of a case."""

    LOG = "log"
    """The moderators of its server, in their log channel."""
    OPERATORS = "operators"
    OWNER = "owner"
    """The owner of its server, by direct message."""


@dataclass(frozen=True, slots=True)
class CaseNote:
    """Words of a moderator about a case, or of somebody who reported its job."""

    author: int
    """0 if the author's data was deleted."""
    at: float
    words: str = ""
    complaint: Complaint | None = None
    """None for a moderator's note."""


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
    """Message of the case card in the log channel; None if the log has none."""
    told_to: Audience | None = None
    """Those who were told of it last; None while nobody could be."""
    notes: Sequence[CaseNote] = ()
    """The oldest first."""
    private_cards: Sequence[tuple[int, int]] = ()
    """Channels and messages of its cards in direct messages."""

    @property
    def card(self) -> tuple[int, int] | None:
        if self.channel_id is None or self.message_id is None:
            return None
        return self.channel_id, self.message_id

    @property
    def may_be_copied(self) -> bool:
        """True if its card shows the pictures: while it is open, and no report is about a child."""
        return self.closed_at is None and all(note.complaint is not Complaint.CHILD for note in self.notes)

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

    async def open(
        self,
        job_id: str,
        guild_id: int | None,
        reporter: int,
        complaint: Complaint,
        details: str = "",
        *,
        most: int,
    ) -> tuple[Case, bool]:
        """Open a case, or add the report to the open one of this job; return it and whether it is new.

        A member's second report of the same case adds nothing. Raises `TooManyReports` if the case would be
        new and the reporter has `most` open reports already.
        """
        ...

    async def record_card(self, number: int, channel_id: int, message_id: int) -> None:
        """Record the message of the card in the log, by which the moderators are told."""
        ...

    async def open_in(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[Case]:
        """Find the open cases of a server, newest first."""
        ...

    async def find(self, number: int) -> Case | None: ...

    async def find_open(self, job_ids: Sequence[str]) -> Sequence[Case]:
        """Find the open cases of these jobs."""
        ...

    async def record_step(self, number: int, step: Step, actor: int, note: str = "") -> Case:
        """Record a step, and a note about it."""
        ...

    async def add_note(self, number: int, actor: int, words: str) -> Case: ...

    async def due(self, opened_before: float) -> Sequence[Case]:
        """Find the open cases from before then that were not escalated, and those that reached nobody."""
        ...

    async def begin_escalation(self, number: int) -> bool:
        """Begin the escalation; only one of several workers gets True, and sends the cards.

        After `RETRY_SECONDS` without `finish_escalation`, another attempt may begin.
        """
        ...

    async def finish_escalation(
        self, number: int, audience: Audience, messages: Sequence[tuple[int, int]]
    ) -> None:
        """Record whom the escalation notified, and with which messages."""
        ...


class CaseMessenger(Protocol):
    """Tells people of cases; the chat side implements it."""

    async def tell(self, case: Case) -> Audience | None:
        """Tell the moderators of the server, or else the operators or the owner; return whom."""
        ...

    async def escalate(self, case: Case) -> Audience | None:
        """Tell the operators, or the owner of the server where there are none."""
        ...


class Escalation:
    """Escalates cases that moderators have not closed in time, and retries those that reached nobody."""

    def __init__(
        self, repository: CaseRepository, messenger: CaseMessenger, clock: Clock, *, hours: float
    ) -> None:
        self._repository = repository
        self._messenger = messenger
        self._clock = clock
        self._timeout = hours * HOUR

    async def run(self) -> None:
        await run_periodically(self.run_once, self._clock, _CHECK_INTERVAL, "escalation of cases failed")

    async def run_once(self) -> None:
        for case in await self._repository.due(self._clock.now() - self._timeout):
            act = self._messenger.tell if case.told_to is None else self._messenger.escalate
            audience = await act(case)
            log.warning("case escalated", case=case.number, guild=case.guild_id, told=audience)
