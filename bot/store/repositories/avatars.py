"""Consents to the use of avatars, and the jobs that used them, as rows."""

from collections.abc import Sequence
from dataclasses import fields

import sqlalchemy as sa

from bot.clock import Clock
from bot.jobs.job import State
from bot.moderation.avatars import AvatarConsent, AvatarUse
from bot.store.connection import Transaction
from bot.store.dialects import insert_into
from bot.store.read.history import page_of_jobs
from bot.store.tables import avatar_consents as consents
from bot.store.tables import jobs, takedowns

_COLUMNS = tuple(jobs.c[field.name if field.name != "job_id" else "id"] for field in fields(AvatarUse))


class SqlAvatars:
    """Consents and uses in the database; each method is one transaction."""

    def __init__(self, transaction: Transaction, reading: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._reading = reading
        self._clock = clock

    async def consent(self, owner: int, guild_id: int) -> AvatarConsent | None:
        chosen = sa.select(consents.c.notify, consents.c.locale).where(
            consents.c.user_id == owner, consents.c.guild_id == guild_id
        )
        async with self._reading() as connection:
            row = (await connection.execute(chosen)).one_or_none()
        return None if row is None else AvatarConsent(bool(row.notify), row.locale)

    async def give(self, owner: int, guild_id: int, consent: AvatarConsent) -> None:
        facts = {"notify": consent.notify, "locale": consent.locale, "given_at": self._clock.now()}
        async with self._transaction() as connection:
            row = insert_into(connection, consents).values(user_id=owner, guild_id=guild_id, **facts)
            keys = [consents.c.user_id, consents.c.guild_id]
            await connection.execute(row.on_conflict_do_update(index_elements=keys, set_=facts))

    async def withdraw(self, owner: int, guild_id: int) -> Sequence[str]:
        given = sa.and_(consents.c.user_id == owner, consents.c.guild_id == guild_id)
        waiting = sa.select(jobs.c.id).where(
            jobs.c.avatar_of == owner, jobs.c.guild_id == guild_id, jobs.c.state == State.HELD
        )
        async with self._transaction() as connection:
            await connection.execute(consents.delete().where(given))
            return (await connection.execute(waiting)).scalars().all()

    async def uses(
        self, owner: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[AvatarUse]:
        chosen = sa.select(*_COLUMNS).where(
            jobs.c.avatar_of == owner,
            jobs.c.user_id != owner,
            jobs.c.state == State.DONE,
            jobs.c.told,
            jobs.c.id.not_in(sa.select(takedowns.c.job_id)),
        )
        async with self._reading() as connection:
            rows = await page_of_jobs(connection, chosen, before=before, after=after, limit=limit)
        return [AvatarUse(*row.values()) for row in rows]
