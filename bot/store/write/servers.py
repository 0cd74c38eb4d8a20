"""Rules that a server's administrators have set, as rows."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache

import sqlalchemy as sa

from bot.ledger.server_rules import ServerRules
from bot.store.connection import Connection
from bot.store.dialects import insert_into
from bot.store.tables import servers

_RULES = sa.select(sa.type_coerce(servers.c.rules, sa.Text)).where(servers.c.id == sa.bindparam("guild"))


async def read(connection: Connection, guild_id: int) -> ServerRules:
    found = await connection.execute(_RULES, {"guild": guild_id})
    return _parsed(found.scalar_one_or_none() or "{}")


# Every order reads its server's rules several times, and they rarely change.
@lru_cache(maxsize=1024)
def _parsed(rules: str) -> ServerRules:
    return ServerRules.model_validate_json(rules)


async def read_some(connection: Connection, guild_ids: Collection[int]) -> Mapping[int, ServerRules]:
    """Read the rules of those servers that have any."""
    chosen = sa.select(servers.c.id, servers.c.rules).where(servers.c.id.in_(guild_ids))
    found = await connection.execute(chosen)
    return {guild_id: ServerRules.model_validate(rules) for guild_id, rules in found}


async def change_rules(
    connection: Connection, guild_id: int, edit: Callable[[ServerRules], ServerRules]
) -> ServerRules:
    """Lock the server's rules, and replace them with what `edit` makes of them."""
    new = insert_into(connection, servers).values(id=guild_id, rules={})
    await connection.execute(new.on_conflict_do_nothing())
    locking = sa.select(servers.c.rules).where(servers.c.id == guild_id).with_for_update()
    current = ServerRules.model_validate((await connection.execute(locking)).scalar_one())
    changed = edit(current)
    rules = changed.model_dump(mode="json", exclude_defaults=True)
    await connection.execute(servers.update().where(servers.c.id == guild_id).values(rules=rules))
    return changed
