"""Changes that callers ask of the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.jobs.job import Job
from bot.ledger.account import Balance
from bot.ledger.ledger import AuditEntry
from bot.ledger.policy import MemberTerms


@dataclass(frozen=True, slots=True)
class Open:
    """Insert the jobs of one account, hold the price of each, and count them in their budgets."""

    jobs: Sequence[Job]
    terms: MemberTerms


@dataclass(frozen=True, slots=True)
class Move:
    """Replace a job by its next state, and settle its hold if that state is settled."""

    job: Job
    to: Job

    @property
    def settles(self) -> bool:
        return self.to.state.settled and not self.job.state.settled


@dataclass(frozen=True, slots=True)
class Grant:
    """Add credits that never expire."""

    account: str
    amount: int
    why: str
    audit_entry: AuditEntry
    receipt: str | None = None
    monthly: int | None = None
    """Most that the administrators of the server give away in a month, if the change counts towards it."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """Take credits if the amount is negative, or refund those of a job."""

    account: str
    amount: int
    why: str
    audit_entry: AuditEntry
    job_id: str | None = None
    monthly: int | None = None


@dataclass(frozen=True, slots=True)
class Gift:
    """Move granted credits from one account to another, within a daily limit."""

    id: str
    giver: str
    receiver: str
    amount: int
    daily: int
    audit_entry: AuditEntry


@dataclass(frozen=True, slots=True)
class InsertRows:
    """Insert rows; existing ones stay unchanged."""

    table: sa.Table
    rows: Sequence[Mapping[str, Any]]


Change = Open | Move | Grant | Adjust | Gift | InsertRows
Outcome = Balance | Exception | None
"""Answer to a caller; an exception says that nothing of this one change was written."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """The worker that writes, the time, and the credits that a new account starts with."""

    worker: str
    now: float
    start: int
