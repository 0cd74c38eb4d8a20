"""Cases as rows: one open case a job, each step written down once."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.clock import Clock
from bot.safety.cases import Case, Step
from bot.store.register import Transaction
from bot.store.tables import cases


class SqlCases:
    """The safety room's `CaseBook`."""

    def __init__(self, transaction: Transaction, clock: Clock) -> None:
        self._transaction = transaction
        self._clock = clock

    async def open(self, job_id: str, guild_id: int | None, reporter: int) -> tuple[Case, bool]:
        row = {"job_id": job_id, "guild_id": guild_id, "reporter": reporter, "steps": ""}
        async with self._transaction() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            made = await connection.execute(
                insert(cases)
                .values(**row, opened_at=self._clock.now())
                .on_conflict_do_nothing()
                .returning(cases)
            )
            if (new := made.mappings().one_or_none()) is not None:
                return _case(new), True
            its_open = sa.select(cases).where(cases.c.job_id == job_id, cases.c.closed_at.is_(None))
            return _case((await connection.execute(its_open)).mappings().one()), False

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
            written = cases.update().where(cases.c.id == number).values(facts).returning(cases)
            return _case((await connection.execute(written)).mappings().one())

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
        taken = (
            cases.update()
            .where(cases.c.id == number, cases.c.escalated_at.is_(None), cases.c.closed_at.is_(None))
            .values(escalated_at=self._clock.now())
            .returning(cases.c.id)
        )
        async with self._transaction() as connection:
            return (await connection.execute(taken)).one_or_none() is not None


def _case(row: sa.RowMapping) -> Case:
    return Case(
        number=row["id"],
        job_id=row["job_id"],
        guild_id=row["guild_id"],
        reporter=row["reporter"],
        opened_at=row["opened_at"],
        steps=tuple(map(Step, row["steps"].split())),
        closed_at=row["closed_at"],
    )
