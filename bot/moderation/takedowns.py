"""Takedown requests: anybody, also without an account, asks that a picture and its copies disappear."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.ledger.ledger import AuditEntry
from bot.media.fingerprints import Fingerprint
from bot.media.types import DetectedMark

# Without letters that look like digits, because people copy references by hand.
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_REFERENCE_LETTERS = 16

NAME_LIMIT, CONTACT_LIMIT, LINK_LIMIT, STATEMENT_LIMIT = 200, 200, 500, 4000


class TakedownOutcome(StrEnum):
    """Operator's decision about a request."""

    REMOVED = "removed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Claim:
    """Declaration of the person who asks."""

    name: str
    contact: str
    statement: str
    """The person's reason why the picture has to be removed."""
    signature: str
    link: str = ""
    """Address where the picture can be seen."""

    def __repr__(self) -> str:
        # Personal data of somebody who never used the bot must not appear in logs.
        return "Claim()"


@dataclass(frozen=True, slots=True)
class TakedownRequest:
    """Request for a takedown, and what became of it."""

    number: int
    reference: str
    """Secret of the person who asks, by which they look the request up."""
    claim: Claim
    fingerprint: Fingerprint | None
    """Fingerprint of the file that they sent; the file itself is never kept."""
    jobs: tuple[str, ...]
    """Jobs that the watermark of the file or the link names."""
    received_at: float
    due_at: float
    outcome: TakedownOutcome | None = None
    decided_at: float | None = None


@dataclass(frozen=True, slots=True)
class FoundJobs:
    """Jobs that a takedown request concerns."""

    named: tuple[str, ...] = ()
    """Jobs of the watermark, of the link, or whose result looks like the file."""
    using: tuple[str, ...] = ()
    """Other jobs that were made from a picture that looks like the file."""

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.named, *self.using)


class UnknownRequest(Exception):
    """There is no such takedown request."""


class TakedownRepository(Protocol):
    """Stores takedown requests; the store implements it."""

    async def add(
        self, claim: Claim, mark: DetectedMark | None, *, hours: float, jobs: Sequence[str] = ()
    ) -> TakedownRequest:
        """Store a request that is due in `hours`, with the jobs that its mark, link or asker names."""
        ...

    async def find(self, reference: str) -> TakedownRequest | None: ...

    async def find_number(self, number: int) -> TakedownRequest | None: ...

    async def undecided(self) -> Sequence[TakedownRequest]:
        """Find the requests without a decision, oldest first."""
        ...

    async def find_jobs(self, request: TakedownRequest, distance: int) -> FoundJobs:
        """Find the jobs of a request in all servers; hashes of copies differ in at most `distance` bits."""
        ...

    async def grant(
        self, request: TakedownRequest, found: FoundJobs, actor: str, audit_entry: AuditEntry
    ) -> bool:
        """Ban the file and its copies everywhere and withhold the jobs' results, in one transaction.

        Also store the jobs that the operator added to the request. Return False if the request was decided
        before; nothing is changed then.
        """
        ...

    async def withhold(self, job_ids: Sequence[str], actor: str) -> None:
        """Never show the results of these jobs again."""
        ...

    async def decline(self, request: TakedownRequest, audit_entry: AuditEntry) -> bool:
        """Close the request without a removal; return False if it was decided before."""
        ...

    async def claim_reminders(self, now: float) -> Sequence[TakedownRequest]:
        """Take the requests of which operators have to be told now; each reminder is taken by one process."""
        ...

    async def to_sweep(self, now: float) -> Sequence[TakedownRequest]:
        """Find the granted requests whose messages have to be deleted now."""
        ...

    async def sweep_again(self, number: int, at: float | None) -> None:
        """Set the time of the next deletion of messages; None if nothing is left to delete."""
        ...


def new_reference() -> str:
    """Reference that nobody guesses, in groups that people can read out."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_REFERENCE_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, _REFERENCE_LETTERS, 4))


def read_reference(typed: str) -> str:
    """Reference as it is stored, from what somebody typed."""
    letters = "".join(typed.upper().split()).replace("-", "")[: 2 * _REFERENCE_LETTERS]
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
