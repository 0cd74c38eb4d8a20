"""Decisions of administrators and moderators, as the audit log keeps them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.ledger.account import account_of
from bot.ledger.ledger import AuditEntry

REASON_LIMIT = 200


class AuditAction(StrEnum):
    """Kind of a decision."""

    # Credits, models and limits.
    GRANT = "grant"
    TAKE = "take"
    DAILY = "daily"
    ROLE = "role"
    CAP = "cap"
    REFUND = "refund"
    MODEL = "model"
    LIMIT = "limit"
    PURCHASE = "purchase"
    """By the member, in Discord's shop."""
    # Access and moderation.
    BLOCK = "block"
    UNBLOCK = "unblock"
    CHANNEL = "channel"
    ENTRY = "entry"
    """Which roles may use the bot."""
    LOG = "log"
    REMOVE = "remove"
    DISMISS = "dismiss"
    NEVER = "never"
    AGAIN = "again"
    """Media came off the list of banned media."""
    APPROVAL = "approval"
    """Whether moderators approve results before members see them."""
    APPROVE = "approve"
    REJECT = "reject"


class UnknownJob(Exception):
    """This server has no such job; another server may have it, which is not told."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Person who decides for one server. Made only where their permissions were checked."""

    user_id: int
    guild_id: int

    def account_of(self, user_id: int) -> str:
        return account_of(guild_id=self.guild_id, user_id=user_id)


def audit_entry_of(by: Administrator, action: AuditAction, reason: str = "", **facts: Any) -> AuditEntry:
    """Entry with numbers and ids; the only words in it are the administrator's own reason."""
    if reason:
        facts["reason"] = truncate_reason(reason)
    return AuditEntry(str(by.user_id), action, facts, guild_id=by.guild_id or None)


def truncate_reason(reason: str) -> str:
    return reason[:REASON_LIMIT]
