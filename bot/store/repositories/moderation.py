"""Moderation data as rows: consent, opt-outs, strikes, fingerprints, takedowns and posts."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.clock import Clock
from bot.jobs.job import State
from bot.ledger.ledger import AuditEntry
from bot.media.fingerprints import Fingerprint, format_hash, format_hashes, parse_hash, parse_hashes
from bot.media.types import DetectedMark
from bot.moderation.origin import Origin
from bot.moderation.ports import BannedFingerprints, MemberPreferences, OwedLogEntry
from bot.store.connection import Connection, Transaction
from bot.store.dialects import any_values, insert_into, matches_any
from bot.store.read import origins
from bot.store.tables import fingerprints as fingerprint_rows
from bot.store.tables import (
    is_named,
    jobs,
    listed,
    owed_log_entries,
    people,
    posts,
    strikes,
    takedowns,
)
from bot.store.write import audit_log

# Built once, because building a statement takes longer than running it.
_PREFERENCES = sa.select(
    people.c.agreed_to, people.c.opted_out_at, people.c.left_at, people.c.confirms
).where(people.c.user_id == sa.bindparam("user"))
_STRIKES = sa.union_all(
    sa.select(jobs.c.settled_at).where(
        jobs.c.user_id == sa.bindparam("user"),
        jobs.c.state == State.BLOCKED,
        jobs.c.settled_at >= sa.bindparam("since"),
    ),
    sa.select(strikes.c.at).where(
        strikes.c.user_id == sa.bindparam("user"), strikes.c.at >= sa.bindparam("since")
    ),
)
_TAKEDOWN = sa.select(takedowns.c.job_id).where(takedowns.c.job_id == sa.bindparam("job"))

InsertRows = Callable[[sa.Table, Sequence[Mapping[str, Any]]], Awaitable[None]]


class SqlModerationStore:
    """Moderation data in the database; each method is one transaction, or only reads."""

    def __init__(
        self, transaction: Transaction, reading: Transaction, insert: InsertRows, clock: Clock
    ) -> None:
        """`insert` writes rows in the next batch of the store's writer, and skips those that exist."""
        self._transaction = transaction
        self._reading = reading
        self._insert = insert
        self._clock = clock

    async def preferences(self, user_id: int) -> MemberPreferences:
        async with self._reading() as connection:
            row = (await connection.execute(_PREFERENCES, {"user": user_id})).one_or_none()
        if row is None:
            return MemberPreferences()
        agreed_to, opted_out_at, left_at, confirms = row
        return MemberPreferences(agreed_to, opted_out_at is not None, left_at, bool(confirms))

    async def agree(self, user_id: int, version: str) -> None:
        await self._update_member(user_id, agreed_to=version, agreed_at=self._clock.now())

    async def set_confirms(self, user_id: int, on: bool) -> None:
        await self._update_member(user_id, confirms=on)

    async def set_opted_out(self, user_id: int, out: bool) -> None:
        await self._update_member(user_id, opted_out_at=self._clock.now() if out else None)

    async def strikes(self, user_id: int, since: float) -> Sequence[float]:
        async with self._reading() as connection:
            given = {"user": user_id, "since": since}
            found = (await connection.execute(_STRIKES, given)).scalars()
            return sorted((at for at in found if at is not None), reverse=True)

    async def find_banned(self, exact: Collection[str], guild_id: int | None) -> BannedFingerprints:
        async with self._reading() as connection:
            chosen, given = _on_list(connection.dialect.name), any_values(list(exact), connection)
            rows = (await connection.execute(chosen, given | {"guild": guild_id})).all()
        return BannedFingerprints(
            {mark for kind, mark in rows if kind == "exact"},
            {parse_hash(mark) for kind, mark in rows if kind == "look"},
        )

    async def ban_fingerprints(
        self, fingerprints: Collection[Fingerprint], guild_id: int | None, job_id: str
    ) -> None:
        rows = rows_of_banned(fingerprints, guild_id, job_id, self._clock.now())
        if not rows:
            return
        async with self._transaction() as connection:
            await connection.execute(listed.insert(), rows)

    async def lift_ban(self, job_id: str, guild_id: int) -> int:
        async with self._transaction() as connection:
            return await lift_ban(connection, job_id, guild_id)

    async def save_fingerprints(self, job_id: str, fingerprints: Mapping[str, Fingerprint]) -> None:
        # A result that is fetched again after a restart has the same fingerprints.
        await self._insert(fingerprint_rows, _fingerprint_rows(job_id, fingerprints, self._clock.now()))

    async def fingerprints_of(self, job_id: str) -> Mapping[str, Fingerprint]:
        found = sa.select(fingerprint_rows.c.part, fingerprint_rows.c.exact, fingerprint_rows.c.looks).where(
            fingerprint_rows.c.job_id == job_id
        )
        async with self._reading() as connection:
            rows = (await connection.execute(found.order_by(fingerprint_rows.c.part))).all()
        return {part: Fingerprint(exact, parse_hashes(looks)) for part, exact, looks in rows}

    async def find_origin(self, mark: DetectedMark, distance: int) -> Origin | None:
        async with self._reading() as connection:
            return await origins.find_origin(connection, mark, distance)

    async def take_down(self, job_id: str, actor: str) -> None:
        await self._insert(takedowns, [{"job_id": job_id, "actor": actor, "at": self._clock.now()}])

    async def is_taken_down(self, job_id: str) -> bool:
        async with self._reading() as connection:
            return (await connection.execute(_TAKEDOWN, {"job": job_id})).one_or_none() is not None

    async def keep_post(self, job_id: str, channel_id: int, message_id: int) -> None:
        await self._keep_message(job_id, channel_id, message_id, in_log=False)

    async def keep_log_entry(self, job_id: str, channel_id: int, message_id: int) -> None:
        await self._keep_message(job_id, channel_id, message_id, in_log=True)

    async def forget_post(self, message_id: int) -> None:
        async with self._transaction() as connection:
            await connection.execute(posts.delete().where(posts.c.message_id == message_id))

    async def posts_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        return await self._messages_of(job_id, ~posts.c.in_log)

    async def log_entries_of(self, job_id: str) -> Sequence[tuple[int, int]]:
        return await self._messages_of(job_id, posts.c.in_log)

    async def owe_log_entry(self, job_id: str) -> None:
        await self._insert(owed_log_entries, [{"job_id": job_id, "at": self._clock.now()}])

    async def owed_log_entries(self, before: float) -> Sequence[OwedLogEntry]:
        # While its job is open, the delivery itself posts the entry.
        chosen = (
            sa.select(owed_log_entries.c.job_id, owed_log_entries.c.at)
            .join(jobs, jobs.c.id == owed_log_entries.c.job_id)
            .where(owed_log_entries.c.at <= before, jobs.c.told)
            .order_by(owed_log_entries.c.at)
        )
        async with self._reading() as connection:
            return [OwedLogEntry(*row) for row in await connection.execute(chosen)]

    async def forget_owed_log_entry(self, job_id: str) -> None:
        async with self._transaction() as connection:
            await connection.execute(owed_log_entries.delete().where(owed_log_entries.c.job_id == job_id))

    async def record(self, audit_entry: AuditEntry) -> None:
        async with self._transaction() as connection:
            await audit_log.record(connection, [audit_entry], at=self._clock.now())

    async def _keep_message(self, job_id: str, channel_id: int, message_id: int, *, in_log: bool) -> None:
        place = {"message_id": message_id, "channel_id": channel_id, "job_id": job_id, "in_log": in_log}
        await self._insert(posts, [place | {"at": self._clock.now()}])

    async def _messages_of(self, job_id: str, kind: sa.ColumnElement[bool]) -> Sequence[tuple[int, int]]:
        found = sa.select(posts.c.channel_id, posts.c.message_id).where(posts.c.job_id == job_id, kind)
        async with self._reading() as connection:
            return [(channel, message) for channel, message in await connection.execute(found)]

    async def _update_member(self, user_id: int, **facts: Any) -> None:
        async with self._transaction() as connection:
            row = insert_into(connection, people).values(user_id=user_id, **facts)
            await connection.execute(row.on_conflict_do_update(index_elements=[people.c.user_id], set_=facts))


def rows_of_banned(
    fingerprints: Collection[Fingerprint], guild_id: int | None, job_id: str, at: float
) -> list[dict[str, Any]]:
    """Rows that ban media in a server, or everywhere if there is no `guild_id`."""
    marks = [("exact", each.exact) for each in fingerprints]
    marks += [("look", format_hash(dhash)) for each in fingerprints for dhash in each.dhashes]
    common = {"guild_id": guild_id, "job_id": job_id, "at": at}
    return [common | {"kind": kind, "mark": mark} for kind, mark in dict.fromkeys(marks)]


async def lift_ban(connection: Connection, job_id: str, guild_id: int | None) -> int:
    """Remove a job's fingerprints from the list of one server, or of all servers, and count them.

    Cards show the short id of a job, so this takes it as well.
    """
    of_list = listed.c.guild_id.is_(None) if guild_id is None else listed.c.guild_id == guild_id
    removing = listed.delete().where(is_named(listed.c.job_id, job_id), of_list).returning(listed.c.id)
    return len((await connection.execute(removing)).all())


@cache
def _on_list(dialect: str) -> sa.Select[str, str]:
    matches = (listed.c.kind == "look") | (listed.c.kind == "exact") & matches_any(listed.c.mark, dialect)
    # A NULL guild equals no server, so then only the list of all servers applies.
    applies = listed.c.guild_id.is_(None) | (listed.c.guild_id == sa.bindparam("guild"))
    return sa.select(listed.c.kind, listed.c.mark).where(matches, applies).distinct()


def _fingerprint_rows(job_id: str, found: Mapping[str, Fingerprint], at: float) -> list[dict[str, Any]]:
    return [
        {
            "job_id": job_id,
            "part": part,
            "exact": each.exact,
            "looks": format_hashes(each.dhashes),
            "at": at,
        }
        for part, each in found.items()
    ]
