"""Cases as rows: one open case per job, each step once, and the words of reporters and moderators."""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from bot.clock import Clock
from bot.moderation.cases import (
    RETRY_SECONDS,
    Audience,
    Case,
    CaseNote,
    Complaint,
    Step,
    TooManyReports,
)
from bot.store.connection import Connection, Transaction
from bot.store.dialects import insert_into
from bot.store.read.queries import Page
from bot.store.tables import case_cards, case_notes, cases

_OPEN = cases.c.closed_at.is_(None)


class SqlCases:
    """Cases in the database."""

    def __init__(self, transaction: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._clock = clock

    async def open(
        self,
        job_id: str,
        guild_id: int | None,
        reporter: int,
        complaint: Complaint,
        details: str = "",
        *,
        most: int,
    ) -> tuple[Case, bool]:
        row = {"job_id": job_id, "guild_id": guild_id, "reporter": reporter, "steps": ""}
        async with self._transaction() as connection:
            inserted = await connection.execute(
                insert_into(connection, cases)
                .values(**row, opened_at=self._clock.now())
                .on_conflict_do_nothing()
                .returning(cases.c.id)
            )
            number = inserted.scalar_one_or_none()
            if is_new := number is not None:
                open_reports = sa.and_(cases.c.reporter == reporter, _OPEN)
                counting = sa.select(sa.func.count()).select_from(cases).where(open_reports)
                if (await connection.execute(counting)).scalar_one() > most:
                    # The error rolls the new case back.
                    raise TooManyReports(most)
            else:
                # The lock lets only one of two reports by the same member add its words.
                locking = sa.select(cases.c.id).where(cases.c.job_id == job_id, _OPEN).with_for_update()
                number = (await connection.execute(locking)).scalar_one()
            if is_new or not await _has_reported(connection, number, reporter):
                await self._add_note(connection, number, reporter, details, complaint)
            return await _find(connection, number), is_new

    async def find(self, number: int) -> Case | None:
        async with self._transaction() as connection:
            found = await _load(connection, sa.select(cases).where(cases.c.id == number))
        return found[0] if found else None

    async def find_open(self, job_ids: Sequence[str]) -> Sequence[Case]:
        async with self._transaction() as connection:
            return await _load(connection, sa.select(cases).where(cases.c.job_id.in_(job_ids), _OPEN))

    async def record_step(self, number: int, step: Step, actor: int, note: str = "") -> Case:
        async with self._transaction() as connection:
            locking = sa.select(cases).where(cases.c.id == number).with_for_update()
            row = (await connection.execute(locking)).mappings().one()
            steps = row["steps"].split()
            if step not in steps:
                facts: dict[str, object] = {"steps": " ".join([*steps, step])}
                if step.closes and row["closed_at"] is None:
                    facts |= {"closed_at": self._clock.now(), "closed_by": actor}
                await connection.execute(cases.update().where(cases.c.id == number).values(facts))
                if note:
                    await self._add_note(connection, number, actor, note)
            return await _find(connection, number)

    async def add_note(self, number: int, actor: int, words: str) -> Case:
        async with self._transaction() as connection:
            await self._add_note(connection, number, actor, words)
            return await _find(connection, number)

    async def record_card(self, number: int, channel_id: int, message_id: int) -> None:
        card = {"channel_id": channel_id, "message_id": message_id, "told_to": Audience.LOG}
        async with self._transaction() as connection:
            await connection.execute(cases.update().where(cases.c.id == number).values(card))

    async def open_in(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[Case]:
        chosen = sa.select(cases).where(cases.c.guild_id == guild_id, _OPEN)
        async with self._transaction() as connection:
            rows = await Page(before, after, limit).read(connection, chosen, cases.c.id)
        return [_case(row) for row in rows]

    async def due(self, opened_before: float) -> Sequence[Case]:
        retry_before = self._clock.now() - RETRY_SECONDS
        untold = sa.and_(cases.c.told_to.is_(None), cases.c.opened_at <= retry_before)
        overdue = cases.c.opened_at <= opened_before
        waiting = sa.select(cases).where(_OPEN, untold | overdue, _may_escalate(retry_before))
        async with self._transaction() as connection:
            return await _load(connection, waiting.order_by(cases.c.id))

    async def begin_escalation(self, number: int) -> bool:
        now = self._clock.now()
        escalation = (
            cases.update()
            .where(cases.c.id == number, _OPEN, _may_escalate(now - RETRY_SECONDS))
            .values(escalated_at=now)
            .returning(cases.c.id)
        )
        async with self._transaction() as connection:
            return (await connection.execute(escalation)).one_or_none() is not None

    async def finish_escalation(
        self, number: int, audience: Audience, messages: Sequence[tuple[int, int]]
    ) -> None:
        rows = [{"case_id": number, "channel_id": each, "message_id": id_} for each, id_ in messages]
        async with self._transaction() as connection:
            await connection.execute(cases.update().where(cases.c.id == number).values(told_to=audience))
            await connection.execute(case_cards.insert(), rows)

    async def _add_note(
        self,
        connection: Connection,
        number: int,
        author: int,
        words: str,
        complaint: Complaint | None = None,
    ) -> None:
        row = {"case_id": number, "author": author, "at": self._clock.now(), "words": words}
        await connection.execute(case_notes.insert().values(**row, complaint=complaint))


def _may_escalate(retry_before: float) -> sa.ColumnElement[bool]:
    """Condition for cases without an escalation, or whose last attempt reached nobody."""
    unsent = cases.c.told_to.is_(None) | (cases.c.told_to == Audience.LOG)
    return cases.c.escalated_at.is_(None) | sa.and_(unsent, cases.c.escalated_at <= retry_before)


async def _has_reported(connection: Connection, number: int, user_id: int) -> bool:
    own = sa.select(case_notes.c.id).where(
        case_notes.c.case_id == number,
        case_notes.c.author == user_id,
        case_notes.c.complaint.is_not(None),
    )
    return (await connection.execute(own.limit(1))).one_or_none() is not None


async def _find(connection: Connection, number: int) -> Case:
    (case,) = await _load(connection, sa.select(cases).where(cases.c.id == number))
    return case


async def _load(connection: Connection, chosen: sa.Select[*tuple[object, ...]]) -> Sequence[Case]:
    """The chosen cases with their notes and private cards."""
    rows = (await connection.execute(chosen)).mappings().all()
    if not rows:
        return []
    numbers = [row["id"] for row in rows]
    notes: defaultdict[int, list[CaseNote]] = defaultdict(list)
    private: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    of_cases = sa.select(case_notes).where(case_notes.c.case_id.in_(numbers)).order_by(case_notes.c.id)
    for row in (await connection.execute(of_cases)).mappings():
        complaint = None if row["complaint"] is None else Complaint(row["complaint"])
        notes[row["case_id"]].append(CaseNote(row["author"], row["at"], row["words"], complaint))
    cards = sa.select(case_cards).where(case_cards.c.case_id.in_(numbers))
    for row in (await connection.execute(cards)).mappings():
        private[row["case_id"]].append((row["channel_id"], row["message_id"]))
    return [_case(row, notes[row["id"]], private[row["id"]]) for row in rows]


def _case(
    row: sa.RowMapping, notes: Sequence[CaseNote] = (), private_cards: Sequence[tuple[int, int]] = ()
) -> Case:
    return Case(
        number=row["id"],
        job_id=row["job_id"],
        guild_id=row["guild_id"],
        reporter=row["reporter"],
        opened_at=row["opened_at"],
        steps=tuple(map(Step, row["steps"].split())),
        closed_at=row["closed_at"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        told_to=None if row["told_to"] is None else Audience(row["told_to"]),
        notes=notes,
        private_cards=private_cards,
    )
