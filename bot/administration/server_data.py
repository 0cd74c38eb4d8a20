"""The decision to delete what is stored about a server."""

from bot.administration.audit import Administrator, AuditAction, audit_entry_of
from bot.jobs.waiting.queue import FairQueue
from bot.ledger.ledger import AuditEntry
from bot.ledger.policy import Policy
from bot.ledger.server_rules import ServerRules
from bot.moderation.ports import ModerationStore
from bot.moderation.server_data import ServerDataRepository


class ServerDataAdmin:
    """Deletes a server's data, and records that in the audit log."""

    def __init__(
        self, server_data: ServerDataRepository, store: ModerationStore, *, policy: Policy, queue: FairQueue
    ) -> None:
        self._server_data = server_data
        self._store = store
        self._policy = policy
        self._queue = queue

    async def forget(self, by: Administrator) -> AuditEntry:
        await self._server_data.forget(by.guild_id)
        audit_entry = audit_entry_of(by, AuditAction.FORGET)
        await self._store.record(audit_entry)
        self._queue.set_limits(by.guild_id, self._policy.limits_of(ServerRules()))
        return audit_entry
