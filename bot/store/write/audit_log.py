"""Audit entries as rows: who decided what, and when."""

from collections.abc import Iterable

from bot.ledger.ledger import AuditEntry
from bot.store.connection import Connection
from bot.store.tables import audit_entries


async def record(connection: Connection, entries: Iterable[AuditEntry], *, at: float) -> None:
    rows = [
        {
            "guild_id": entry.guild_id,
            "actor": entry.actor,
            "deed": entry.action,
            "facts": entry.facts,
            "at": at,
        }
        for entry in entries
    ]
    if rows:
        await connection.execute(audit_entries.insert(), rows)
