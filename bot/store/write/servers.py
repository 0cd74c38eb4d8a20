"""What a server's administrators have set, and the record of who did what."""

from collections.abc import Callable, Iterable

import sqlalchemy as sa

from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules
from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.tables import audit_entries, servers


async def read(connection: Connection, guild_id: int) -> ServerRules:
    found = await connection.execute(sa.select(servers.c.rules).where(servers.c.id == guild_id))
    return ServerRules.model_validate(found.scalar_one_or_none() or {})


async def read_all(connection: Connection) -> dict[int, ServerRules]:
    found = await connection.execute(sa.select(servers.c.id, servers.c.rules))
    return {guild_id: ServerRules.model_validate(rules) for guild_id, rules in found}


async def change(
    connection: Connection, guild_id: int, change_: Callable[[ServerRules], ServerRules]
) -> ServerRules:
    new = insert_into(connection, servers).values(id=guild_id, rules={})
    await connection.execute(new.on_conflict_do_nothing())
    locking = sa.select(servers.c.rules).where(servers.c.id == guild_id).with_for_update()
    was = ServerRules.model_validate((await connection.execute(locking)).scalar_one())
    now = change_(was)
    kept = now.model_dump(mode="json", exclude_defaults=True)
    await connection.execute(servers.update().where(servers.c.id == guild_id).values(rules=kept))
    return now


async def record(connection: Connection, done: Iterable[AuditEntry], *, at: float) -> None:
    rows = [
        {
            "guild_id": each.guild_id,
            "actor": each.actor,
            "deed": each.action,
            "facts": each.facts,
            "at": at,
        }
        for each in done
    ]
    if rows:
        await connection.execute(audit_entries.insert(), rows)
