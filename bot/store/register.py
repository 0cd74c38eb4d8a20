"""What is kept for safety: who agreed, who wants to be left alone, and what must not come again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.clock import Clock
from bot.credits.books import Deed
from bot.jobs.job import State
from bot.safety.prints import Print, look_from, look_words
from bot.store import servers
from bot.store.connection import Connection, Transaction
from bot.store.tables import jobs, listed, people, posts, prints, strikes, takedowns


class SqlRegister:
    """The safety room's `Register`; each of its methods is one transaction, or only reads."""

    def __init__(self, transaction: Transaction, reading: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._reading = reading
        self._clock = clock

    async def agreed_to(self, user_id: int) -> str | None:
        return await self._of(user_id, people.c.agreed_to)

    async def agree(self, user_id: int, version: str) -> None:
        await self._set(user_id, agreed_to=version, agreed_at=self._clock.now())

    async def opted_out(self, user_id: int) -> bool:
        return await self._of(user_id, people.c.opted_out_at) is not None

    async def set_opted_out(self, user_id: int, out: bool) -> None:
        await self._set(user_id, opted_out_at=self._clock.now() if out else None)

    async def left_at(self, user_id: int) -> float | None:
        return await self._of(user_id, people.c.left_at)

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        blocked = sa.select(jobs.c.settled_at).where(
            jobs.c.user_id == user_id, jobs.c.state == State.BLOCKED, jobs.c.settled_at >= since
        )
        remembered = sa.select(strikes.c.at).where(strikes.c.user_id == user_id, strikes.c.at >= since)
        async with self._reading() as connection:
            found = [at for at in (await connection.execute(blocked)).scalars() if at is not None]
            return sorted([*found, *(await connection.execute(remembered)).scalars()], reverse=True)

    async def is_listed(self, exact: Collection[str], guild_id: int | None) -> bool:
        found = (
            sa.select(listed.c.id)
            .where(listed.c.kind == "exact", listed.c.mark.in_(list(exact)), _holds(guild_id))
            .limit(1)
        )
        async with self._reading() as connection:
            return (await connection.execute(found)).one_or_none() is not None

    async def looks_listed(self, guild_id: int | None) -> Collection[int]:
        found = sa.select(listed.c.mark).where(listed.c.kind == "look", _holds(guild_id)).distinct()
        async with self._reading() as connection:
            return [look_from(mark) for mark in (await connection.execute(found)).scalars()]

    async def list_prints(self, prints: Collection[Print], guild_id: int | None, job_id: str) -> None:
        marks = [("exact", each.exact) for each in prints]
        marks += [("look", look_words(look)) for each in prints for look in each.looks]
        common = {"guild_id": guild_id, "job_id": job_id, "at": self._clock.now()}
        rows = [common | {"kind": kind, "mark": mark} for kind, mark in dict.fromkeys(marks)]
        if not rows:
            return
        async with self._transaction() as connection:
            await connection.execute(listed.insert(), rows)

    async def unlist(self, job_id: str, guild_id: int) -> int:
        async with self._transaction() as connection:
            return await unlist(connection, job_id, guild_id)

    async def keep_prints(self, job_id: str, prints: Mapping[str, Print]) -> None:
        async with self._transaction() as connection:
            await _keep(connection, _print_rows(job_id, prints, self._clock.now()))

    async def prints_of(self, job_id: str) -> Mapping[str, Print]:
        found = sa.select(prints.c.part, prints.c.exact, prints.c.looks).where(prints.c.job_id == job_id)
        async with self._reading() as connection:
            rows = (await connection.execute(found.order_by(prints.c.part))).all()
        return {part: Print(exact, tuple(map(look_from, looks.split()))) for part, exact, looks in rows}

    async def take_down(self, job_id: str, actor: str) -> None:
        async with self._transaction() as connection:
            row = {"job_id": job_id, "actor": actor, "at": self._clock.now()}
            await connection.execute(insert_into(connection, takedowns).values(row).on_conflict_do_nothing())

    async def is_down(self, job_id: str) -> bool:
        found = sa.select(takedowns.c.job_id).where(takedowns.c.job_id == job_id)
        async with self._reading() as connection:
            return (await connection.execute(found)).one_or_none() is not None

    async def keep_post(self, job_id: str, channel_id: int, message_id: int) -> None:
        row = {"message_id": message_id, "channel_id": channel_id, "job_id": job_id, "at": self._clock.now()}
        async with self._transaction() as connection:
            await connection.execute(insert_into(connection, posts).values(row).on_conflict_do_nothing())

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        found = sa.select(posts.c.channel_id, posts.c.message_id).where(posts.c.job_id == job_id)
        async with self._reading() as connection:
            return [(channel, message) for channel, message in await connection.execute(found)]

    async def record(self, deed: Deed) -> None:
        async with self._transaction() as connection:
            await servers.record(connection, [deed], at=self._clock.now())

    async def _of(self, user_id: int, column: sa.Column[Any]) -> Any:
        async with self._reading() as connection:
            found = await connection.execute(sa.select(column).where(people.c.user_id == user_id))
            return found.scalar_one_or_none()

    async def _set(self, user_id: int, **facts: Any) -> None:
        async with self._transaction() as connection:
            written = insert_into(connection, people).values(user_id=user_id, **facts)
            await connection.execute(
                written.on_conflict_do_update(index_elements=[people.c.user_id], set_=facts)
            )


async def unlist(connection: Connection, job_id: str, guild_id: int | None) -> int:
    """Without a server, take a job's prints off the list of all servers; how many there were."""
    of_list = listed.c.guild_id.is_(None) if guild_id is None else listed.c.guild_id == guild_id
    its = sa.and_(listed.c.job_id == job_id, of_list)
    gone = await connection.execute(listed.delete().where(its).returning(listed.c.id))
    return len(gone.all())


def _holds(guild_id: int | None) -> sa.ColumnElement[bool]:
    everywhere = listed.c.guild_id.is_(None)
    return everywhere if guild_id is None else everywhere | (listed.c.guild_id == guild_id)


def _print_rows(job_id: str, found: Mapping[str, Print], at: float) -> list[dict[str, Any]]:
    return [
        {
            "job_id": job_id,
            "part": part,
            "exact": each.exact,
            "looks": " ".join(map(look_words, each.looks)),
            "at": at,
        }
        for part, each in found.items()
    ]


async def _keep(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        # A result that is fetched again after a restart is the same one.
        await connection.execute(insert_into(connection, prints).values(row).on_conflict_do_nothing())


def insert_into(connection: Connection, table: sa.Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
