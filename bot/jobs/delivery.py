"""Outcomes of showing a member how their job ended."""

from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.job import Reason


class Delivery(StrEnum):
    """Route by which the end of a job reached its member."""

    EDITED = "edited"
    """The job's own message shows it."""
    REPLIED = "replied"
    """A new message in the same channel shows it."""
    DIRECT = "direct"
    """A direct message shows it."""
    AWAITED = "awaited"
    """Nobody sees it until a moderator has decided; then it is delivered again."""
    KEPT = "kept"
    """No route was open: the result waits until the member asks for it."""
    GONE = "gone"
    """Its message, channel or server was deleted, so it is shown nowhere."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Report that nobody may see a result: the runner refunds the job before the member reads why."""

    reason: Reason
    decided_by: str
    """Actor of the audit entry."""
