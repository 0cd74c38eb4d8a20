"""Cases as rows: one open case per job, and each step once."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.clock import Clock
from bot.moderation.cases import Case, Step, TooManyReports
from bot.store.connection import Transaction
from bot.store.dialects import insert_into
from bot.store.read.queries import Page
from bot.store.tables import cases


class SqlCases:
    """Cases in the database."""

    def __init__(self, transaction: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._clock = clock

    async def open(self, job_id: str, guild_id: int | None, reporter: int, *, most: int) -> tuple[Case, bool]:
        row = {"job_id": job_id, "guild_id": guild_id, "reporter": reporter, "steps": ""}
        async with self._transaction() as connection:
            inserted = await connection.execute(
                insert_into(connection, cases)
                .values(**row, opened_at=self._clock.now())
                .on_conflict_do_nothing()
                .returning(cases)
            )
            if (new := inserted.mappings().one_or_none()) is not None:
                open_reports = sa.and_(cases.c.reporter == reporter, cases.c.closed_at.is_(None))
                counting = sa.select(sa.func.count()).select_from(cases).where(open_reports)
                if (await connection.execute(counting)).scalar_one() > most:
                    # The error rolls the new case back.
                    raise TooManyReports(most)
                return _case(new), True
            existing = sa.select(cases).where(cases.c.job_id == job_id, cases.c.closed_at.is_(None))
            return _case((await connection.execute(existing)).mappings().one()), False

    async def find(self, number: int) -> Case | None:
        async with self._transaction() as connection:
            found = (await connection.execute(sa.select(cases).where(cases.c.id == number))).mappings()
            row = found.one_or_none()
        return None if row is None else _case(row)

    async def step(self, number: int, step: Step, actor: int) -> Case:
        async with self._transaction() as connection:
            locking = sa.select(cases).where(cases.c.id == number).with_for_update()
            case = _case((await connection.execute(locking)).mappings().one())
            if step in case.steps:
                return case
            facts: dict[str, object] = {"steps": " ".join([*case.steps, step])}
            if step.closes and case.closed_at is None:
                facts |= {"closed_at": self._clock.now(), "closed_by": actor}
            update = cases.update().where(cases.c.id == number).values(facts).returning(cases)
            return _case((await connection.execute(update)).mappings().one())

    async def posted(self, number: int, channel_id: int, message_id: int) -> None:
        card = {"channel_id": channel_id, "message_id": message_id}
        async with self._transaction() as connection:
            await connection.execute(cases.update().where(cases.c.id == number).values(card))

    async def open_in(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[Case]:
        chosen = sa.select(cases).where(cases.c.guild_id == guild_id, cases.c.closed_at.is_(None))
        async with self._transaction() as connection:
            rows = await Page(before, after, limit).fetch(connection, chosen, cases.c.id)
        return [_case(row) for row in rows]

    async def overdue(self, opened_before: float) -> Sequence[Case]:
        waiting = (
            sa.select(cases)
            .where(
                cases.c.closed_at.is_(None),
                cases.c.escalated_at.is_(None),
                cases.c.opened_at <= opened_before,
            )
            .order_by(cases.c.id)
        )
        async with self._transaction() as connection:
            return [_case(row) for row in (await connection.execute(waiting)).mappings()]

    async def pass_on(self, number: int) -> bool:
        escalation = (
            cases.update()
            .where(cases.c.id == number, cases.c.escalated_at.is_(None), cases.c.closed_at.is_(None))
            .values(escalated_at=self._clock.now())
            .returning(cases.c.id)
        )
        async with self._transaction() as connection:
            return (await connection.execute(escalation)).one_or_none() is not None


def _case(row: sa.RowMapping) -> Case:
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
    )
