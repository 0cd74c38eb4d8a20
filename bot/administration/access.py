"""Decisions about which members, channels and roles may use the bot in a server."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from bot.administration.audit import Administrator, AuditAction, UnknownJob, audit_entry_of
from bot.ledger.ledger import AuditEntry, Ledger
from bot.ledger.server_rules import ServerRules
from bot.moderation.approvals import LogNeeded, NoLog
from bot.moderation.ports import ModerationStore

Update = dict[str, Any]
Change = Callable[[ServerRules], Update]


class AccessMode(StrEnum):
    """Access through a channel or role."""

    ONLY = "only"
    """Allowed; every channel or role that is not set to ONLY is forbidden."""
    OFF = "off"
    UNSET = "unset"


class AccessAdmin:
    """Changes a server's access rules, and records each change in the audit log."""

    def __init__(self, ledger: Ledger, store: ModerationStore) -> None:
        self._ledger = ledger
        self._store = store

    async def block(self, by: Administrator, user_id: int, reason: str = "") -> AuditEntry:
        audit_entry = audit_entry_of(by, AuditAction.BLOCK, reason, member=user_id)
        return await self._change(by, lambda rules: {"blocked": rules.blocked | {user_id}}, audit_entry)

    async def unblock(self, by: Administrator, user_id: int) -> AuditEntry:
        audit_entry = audit_entry_of(by, AuditAction.UNBLOCK, member=user_id)
        return await self._change(by, lambda rules: {"blocked": rules.blocked - {user_id}}, audit_entry)

    async def set_channel(self, by: Administrator, channel_id: int, mode: AccessMode) -> AuditEntry:
        audit_entry = audit_entry_of(by, AuditAction.CHANNEL, channel=channel_id, use=mode)
        return await self._change(by, _set_mode("channels", channel_id, mode), audit_entry)

    async def set_role(self, by: Administrator, role_id: int, mode: AccessMode) -> AuditEntry:
        audit_entry = audit_entry_of(by, AuditAction.ENTRY, role=role_id, use=mode)
        return await self._change(by, _set_mode("roles", role_id, mode), audit_entry)

    async def set_log(self, by: Administrator, channel_id: int | None, *, pictures: bool) -> AuditEntry:
        """Choose the log channel; raises `LogNeeded`."""

        def change(rules: ServerRules) -> Update:
            if (rules.approve or rules.approve_strangers) and channel_id is None:
                raise LogNeeded
            return {"log_channel": channel_id, "log_pictures": pictures}

        return await self._change(
            by, change, audit_entry_of(by, AuditAction.LOG, channel=channel_id, pictures=pictures)
        )

    async def set_showcase(self, by: Administrator, channel_id: int | None) -> AuditEntry:
        """Choose the channel in which members may show their results, or none."""
        audit_entry = audit_entry_of(by, AuditAction.SHOWCASE, channel=channel_id)
        return await self._change(by, lambda _: {"showcase": channel_id}, audit_entry)

    async def set_approval(self, by: Administrator, *, on: bool) -> AuditEntry:
        """Turn the approval of results on or off; raises `NoLog`."""
        audit_entry = audit_entry_of(by, AuditAction.APPROVAL, on=on)
        return await self._change(by, _set_approval_rule("approve", on=on), audit_entry)

    async def set_strangers_approval(self, by: Administrator, *, on: bool) -> AuditEntry:
        """Turn the approval of results with the faces of strangers on or off; raises `NoLog`."""
        audit_entry = audit_entry_of(by, AuditAction.APPROVAL, strangers=on)
        return await self._change(by, _set_approval_rule("approve_strangers", on=on), audit_entry)

    async def set_own_approval(self, by: Administrator, *, on: bool) -> AuditEntry:
        """Allow moderators to approve results of their own orders, or forbid it."""
        audit_entry = audit_entry_of(by, AuditAction.APPROVAL, own=on)
        return await self._change(by, lambda _: {"approve_own": on}, audit_entry)

    async def lift_ban(self, by: Administrator, job_id: str) -> AuditEntry:
        """Allow the media of a job again; raises `UnknownJob` if none of it is banned here."""
        if not await self._store.lift_ban(job_id, by.guild_id):
            raise UnknownJob
        audit_entry = audit_entry_of(by, AuditAction.AGAIN, job=job_id)
        await self._store.record(audit_entry)
        return audit_entry

    async def _change(self, by: Administrator, change: Change, audit_entry: AuditEntry) -> AuditEntry:
        await self._ledger.change_rules(
            by.guild_id, lambda rules: rules.model_copy(update=change(rules)), audit_entry
        )
        return audit_entry


def _set_approval_rule(rule: str, *, on: bool) -> Change:
    def change(rules: ServerRules) -> Update:
        if on and rules.log_channel is None:
            raise NoLog
        return {rule: on}

    return change


def _set_mode(kind: str, id_: int, mode: AccessMode) -> Change:
    """Change the mode of one of the `channels` or `roles`."""

    def change(rules: ServerRules) -> Update:
        only: frozenset[int] = getattr(rules, f"{kind}_only") - {id_}
        off: frozenset[int] = getattr(rules, f"{kind}_off") - {id_}
        match mode:
            case AccessMode.ONLY:
                only |= {id_}
            case AccessMode.OFF:
                off |= {id_}
            case AccessMode.UNSET:
                pass
        return {f"{kind}_only": only, f"{kind}_off": off}

    return change
