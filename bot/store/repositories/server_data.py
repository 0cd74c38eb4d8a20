"""Everything stored about one server, forgotten at once or some time after the bot was removed from it."""

from collections.abc import Callable, Collection

import sqlalchemy as sa

from bot.clock import Clock
from bot.ledger.ledger import FORGOTTEN
from bot.store.connection import Connection, Transaction
from bot.store.repositories.member_data import anonymize_audit_entries
from bot.store.tables import approvals, audit_entries, avatar_consents, cases, listed, servers
from bot.store.write import events


class SqlServerData:
    """Data of servers in the database; each method is one transaction for each server."""

    def __init__(self, transaction: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._clock = clock

    async def mark_present(self, guild_ids: Collection[int], *, is_here: Callable[[int], bool]) -> None:
        async with self._transaction() as connection:
            known = (await connection.execute(sa.select(servers.c.id, servers.c.left_at))).all()
            for guild_id, left_at in known:
                if guild_id in guild_ids:
                    if left_at is not None:
                        await _set_left(connection, guild_id, None)
                elif left_at is None and is_here(guild_id):
                    await _set_left(connection, guild_id, self._clock.now())

    async def forget(self, guild_id: int) -> None:
        async with self._transaction() as connection:
            await connection.execute(servers.delete().where(servers.c.id == guild_id))
            await events.end(connection, guild_id, at=self._clock.now())
            await connection.execute(avatar_consents.delete().where(avatar_consents.c.guild_id == guild_id))
            await connection.execute(listed.delete().where(listed.c.guild_id == guild_id))
            for table, ended_at in ((cases, cases.c.closed_at), (approvals, approvals.c.decided_at)):
                ended = sa.and_(table.c.guild_id == guild_id, ended_at.is_not(None))
                await connection.execute(table.delete().where(ended))
            own = sa.select(audit_entries).where(
                audit_entries.c.guild_id == guild_id, audit_entries.c.actor != FORGOTTEN
            )
            await anonymize_audit_entries(connection, own)

    async def forget_left(self, before: float) -> int:
        chosen = sa.select(servers.c.id).where(servers.c.left_at < before)
        async with self._transaction() as connection:
            left = list((await connection.execute(chosen)).scalars())
        for guild_id in left:
            await self.forget(guild_id)
        return len(left)


async def _set_left(connection: Connection, guild_id: int, left_at: float | None) -> None:
    await connection.execute(servers.update().where(servers.c.id == guild_id).values(left_at=left_at))
