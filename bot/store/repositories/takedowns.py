"""Takedown requests as rows, and the search for the jobs that they concern."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot.clock import Clock
from bot.ledger.ledger import AuditEntry
from bot.media.fingerprints import Fingerprint, format_hashes, parse_hashes
from bot.media.types import DetectedMark
from bot.moderation.access import HOUR
from bot.moderation.takedowns import Claim, FoundJobs, TakedownOutcome, TakedownRequest, new_reference
from bot.store.connection import Connection, Transaction
from bot.store.dialects import insert_into
from bot.store.read.origins import RESULT, job_of_code
from bot.store.repositories.moderation import rows_of_banned
from bot.store.tables import fingerprints, jobs, listed, posts, takedown_requests, takedowns
from bot.store.write import audit_log

# Link to a message of Discord, such as a browser shows it or "Copy Message Link" gives it.
_MESSAGE = re.compile(r"discord(?:app)?\.com/channels/(?:\d+|@me)/\d+/(\d{1,19})\b")
# Rows that are read at once, so that a long search holds neither much memory nor the event loop.
_PAGE = 2000
# Part of the time until a request is due after which the operators are reminded.
_REMINDER = 0.5
_table = takedown_requests


class SqlTakedowns:
    """Takedown requests in the database."""

    def __init__(self, transaction: Transaction, reading: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._reading = reading
        self._clock = clock

    async def add(
        self, claim: Claim, mark: DetectedMark | None, *, hours: float, jobs: Sequence[str] = ()
    ) -> TakedownRequest:
        now = self._clock.now()
        async with self._transaction() as connection:
            named = dict.fromkeys(jobs)
            if mark is not None and mark.code is not None:
                named |= dict.fromkeys([await job_of_code(connection, mark.code)])
            named |= dict.fromkeys(await _jobs_of_link(connection, claim.link))
            row = {
                "reference": new_reference(),
                "name": claim.name,
                "contact": claim.contact,
                "statement": claim.statement,
                "signature": claim.signature,
                "link": claim.link,
                "exact": None if mark is None else mark.fingerprint.exact,
                "looks": "" if mark is None else format_hashes(mark.fingerprint.dhashes),
                "jobs": " ".join(job for job in named if job),
                "received_at": now,
                "due_at": now + hours * HOUR,
                "remind_at": now,
            }
            adding = _table.insert().values(row).returning(_table)
            return _request((await connection.execute(adding)).mappings().one())

    async def find(self, reference: str) -> TakedownRequest | None:
        found = await self._select(_table.c.reference == reference)
        return found[0] if found else None

    async def find_number(self, number: int) -> TakedownRequest | None:
        found = await self._select(_table.c.id == number)
        return found[0] if found else None

    async def undecided(self) -> Sequence[TakedownRequest]:
        return await self._select(_table.c.outcome.is_(None))

    async def find_jobs(self, request: TakedownRequest, distance: int) -> FoundJobs:
        named, using = dict.fromkeys(request.jobs), dict[str, None]()
        place = sa.tuple_(fingerprints.c.job_id, fingerprints.c.part)
        chosen = sa.select(
            fingerprints.c.job_id, fingerprints.c.part, fingerprints.c.exact, fingerprints.c.looks
        )
        chosen = chosen.order_by(fingerprints.c.job_id, fingerprints.c.part).limit(_PAGE)
        wanted, after = request.fingerprint, ("", "")
        while wanted is not None:
            async with self._reading() as connection:
                rows = (await connection.execute(chosen.where(place > after))).all()
            for job_id, part, exact, looks in rows:
                if exact == wanted.exact or wanted.resembles(parse_hashes(looks), distance):
                    (named if part == RESULT else using)[job_id] = None
            if len(rows) < _PAGE:
                break
            after = (rows[-1][0], rows[-1][1])
        return FoundJobs(tuple(named), tuple(job for job in using if job not in named))

    async def grant(
        self, request: TakedownRequest, found: FoundJobs, actor: str, audit_entry: AuditEntry
    ) -> bool:
        now = self._clock.now()
        async with self._transaction() as connection:
            decided = await self._decide(connection, request, TakedownOutcome.REMOVED, audit_entry)
            if decided:
                banned = await _media_of(connection, found)
                if request.fingerprint is not None:
                    banned.append(request.fingerprint)
                # `doppel forgive` with the reference takes them off the list again.
                if rows := rows_of_banned(banned, None, request.reference, now):
                    await connection.execute(listed.insert(), rows)
                await _withhold(connection, found.all, actor, now)
            return decided

    async def withhold(self, job_ids: Sequence[str], actor: str) -> None:
        async with self._transaction() as connection:
            await _withhold(connection, job_ids, actor, self._clock.now())

    async def decline(self, request: TakedownRequest, audit_entry: AuditEntry) -> bool:
        async with self._transaction() as connection:
            return await self._decide(connection, request, TakedownOutcome.DECLINED, audit_entry)

    async def claim_reminders(self, now: float) -> Sequence[TakedownRequest]:
        # The operators get a reminder after half of the time, and another one after each further half.
        later = now + (_table.c.due_at - _table.c.received_at) * _REMINDER
        due = sa.and_(_table.c.outcome.is_(None), _table.c.remind_at <= now)
        claiming = _table.update().where(due).values(remind_at=later).returning(_table)
        async with self._transaction() as connection:
            rows = (await connection.execute(claiming)).mappings().all()
        return sorted(map(_request, rows), key=lambda request: request.number)

    async def to_sweep(self, now: float) -> Sequence[TakedownRequest]:
        return await self._select(_table.c.sweep_at <= now)

    async def sweep_again(self, number: int, at: float | None) -> None:
        async with self._transaction() as connection:
            await connection.execute(_table.update().where(_table.c.id == number).values(sweep_at=at))

    async def _decide(
        self,
        connection: Connection,
        request: TakedownRequest,
        outcome: TakedownOutcome,
        audit_entry: AuditEntry,
    ) -> bool:
        now = self._clock.now()
        undecided = sa.and_(_table.c.id == request.number, _table.c.outcome.is_(None))
        named = " ".join(request.jobs)
        facts: dict[str, Any] = {"outcome": outcome, "decided_at": now, "remind_at": None, "jobs": named}
        if outcome is TakedownOutcome.REMOVED:
            facts["sweep_at"] = now
        deciding = _table.update().where(undecided).values(facts).returning(_table.c.id)
        if (await connection.execute(deciding)).one_or_none() is None:
            return False
        await audit_log.record(connection, [audit_entry], at=now)
        return True

    async def _select(self, condition: sa.ColumnElement[bool]) -> Sequence[TakedownRequest]:
        async with self._reading() as connection:
            rows = await connection.execute(sa.select(_table).where(condition).order_by(_table.c.id))
            return [_request(row) for row in rows.mappings()]


async def _jobs_of_link(connection: Connection, link: str) -> Sequence[str]:
    """Jobs whose result the message of a link shows."""
    if (message := _MESSAGE.search(link)) is None:
        return ()
    message_id = int(message[1])
    if message_id >= 2**63:
        return ()
    shown = sa.union(
        sa.select(jobs.c.id).where(jobs.c.message_id == message_id),
        sa.select(posts.c.job_id).where(posts.c.message_id == message_id),
    )
    return list((await connection.execute(shown)).scalars())


async def _media_of(connection: Connection, found: FoundJobs) -> list[Fingerprint]:
    """Media to ban: all of the named jobs, and the results of those that only used such a picture.

    The other picture of such a job may be a popular one that has nothing to do with the request.
    """
    rows = fingerprints.c.job_id.in_(found.named)
    results = fingerprints.c.job_id.in_(found.using) & (fingerprints.c.part == RESULT)
    chosen = sa.select(fingerprints.c.exact, fingerprints.c.looks).where(rows | results)
    return [Fingerprint(exact, parse_hashes(looks)) for exact, looks in await connection.execute(chosen)]


async def _withhold(connection: Connection, job_ids: Sequence[str], actor: str, at: float) -> None:
    rows: list[Mapping[str, Any]] = [{"job_id": job, "actor": actor, "at": at} for job in job_ids]
    if rows:
        await connection.execute(insert_into(connection, takedowns).on_conflict_do_nothing(), rows)


def _request(row: sa.RowMapping) -> TakedownRequest:
    exact, looks = row["exact"], parse_hashes(row["looks"])
    return TakedownRequest(
        number=row["id"],
        reference=row["reference"],
        claim=Claim(row["name"], row["contact"], row["statement"], row["signature"], row["link"]),
        fingerprint=None if exact is None else Fingerprint(exact, looks),
        jobs=tuple(row["jobs"].split()),
        received_at=row["received_at"],
        due_at=row["due_at"],
        outcome=None if row["outcome"] is None else TakedownOutcome(row["outcome"]),
        decided_at=row["decided_at"],
    )
