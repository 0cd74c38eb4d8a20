"""Audit entries for the decisions of administrators and moderators."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.ledger.account import account_of
from bot.ledger.ledger import AuditEntry

REASON_LIMIT = 200


class AuditAction(StrEnum):
    """Kind of decision."""

    # Credits, models and limits.
    GRANT = "grant"
    TAKE = "take"
    DAILY = "daily"
    ROLE = "role"
    CAP = "cap"
    REFUND = "refund"
    MODEL = "model"
    LIMIT = "limit"
    RELEASE = "release"
    """The operator gave back the credits of a job of unknown outcome."""
    EVENT = "event"
    """An event started, in which the server pays for models."""
    EVENT_END = "event_end"
    SHOWCASE = "showcase"
    """The channel for shared results was chosen, or none."""
    GIFT = "gift"
    """A member gave credits to another."""
    GIFTS = "gifts"
    """The bound on gifts was changed."""
    PURCHASE = "purchase"
    """A member bought credits in Discord's shop."""
    # Access and moderation.
    BLOCK = "block"
    UNBLOCK = "unblock"
    CHANNEL = "channel"
    ENTRY = "entry"
    """A role was allowed or forbidden to use the bot."""
    LOG = "log"
    REMOVE = "remove"
    DISMISS = "dismiss"
    NEVER = "never"
    """The media of a job were banned."""
    AGAIN = "again"
    """The media of a job were allowed again."""
    APPROVAL = "approval"
    """The approval of results was turned on or off."""
    FORGET = "forget"
    """The stored data of the server was deleted."""
    DEFAULTS = "defaults"
    """The defaults of orders were changed."""
    TAKEDOWN = "takedown"
    """The operator granted or declined a takedown request."""
    APPROVE = "approve"
    REJECT = "reject"


class UnknownJob(Exception):
    """This server has no such job. Whether another server has it stays secret."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Person who decides for one server. Create one only after checking their permissions."""

    user_id: int
    guild_id: int

    def account_of(self, user_id: int) -> str:
        return account_of(guild_id=self.guild_id, user_id=user_id)


def audit_entry_of(by: Administrator, action: AuditAction, reason: str = "", **facts: Any) -> AuditEntry:
    """Build an audit entry from numbers and ids; the administrator's reason is its only text."""
    if reason:
        facts["reason"] = truncate_reason(reason)
    return AuditEntry(str(by.user_id), action, facts, guild_id=by.guild_id or None)


def truncate_reason(reason: str) -> str:
    return reason[:REASON_LIMIT]
