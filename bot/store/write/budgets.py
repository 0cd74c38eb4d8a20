"""Budgets in one transaction: locked, compared with their caps, and written back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import sqlalchemy as sa

from bot.ledger.budgets import Budget, CapReached, Caps, Scope, budgets_of, micros
from bot.store.connection import Connection
from bot.store.dialects import any_values, insert_into, matches_any
from bot.store.tables import budgets


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of a job: credits in its server's budget, US dollars in the operator's."""

    credits: int
    usd: float

    def in_(self, scope: Scope) -> int:
        return self.credits if scope is Scope.SERVER else micros(self.usd)


@dataclass(slots=True)
class LockedBudgets:
    """The locked budgets of one transaction."""

    spent: dict[str, int]
    before: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.before = dict(self.spent)

    def add(self, guild_id: int | None, at: float, costs: Sequence[Cost], caps: Caps) -> None:
        """Count the jobs of an order in their budgets, or raise `CapReached` and count nothing."""
        counted = {
            budget: sum(cost.in_(budget.scope) for cost in costs) for budget in budgets_of(guild_id, at)
        }
        for budget, amount in counted.items():
            self.check(budget, amount, caps.of(budget.scope))
        for budget, amount in counted.items():
            self.change(budget, amount)

    def check(self, budget: Budget, amount: int, cap: int | None) -> None:
        """Raise `CapReached` if the amount is more than what is left of the cap."""
        left = 0 if cap is None else cap - self.spent[budget.id]
        if cap is not None and amount > max(0, left):
            raise CapReached(budget, left=max(0, left))

    def change(self, budget: Budget, amount: int) -> None:
        # Credits that are taken may have been given in an earlier month.
        self.spent[budget.id] = max(0, self.spent[budget.id] + amount)

    def remove(self, guild_id: int | None, at: float, cost: Cost) -> None:
        for budget in budgets_of(guild_id, at):
            self.spent[budget.id] -= cost.in_(budget.scope)

    def correct(self, guild_id: int | None, at: float, *, expected: float, cost: float) -> None:
        """Replace the expected cost in the operator's budget with the real one."""
        for budget in budgets_of(guild_id, at):
            if budget.scope is Scope.OPERATOR:
                self.spent[budget.id] += micros(cost) - micros(expected)

    async def write(self, connection: Connection) -> None:
        changed = [
            {"of_id": id_, "by": spent - self.before[id_]}
            for id_, spent in self.spent.items()
            if spent != self.before[id_]
        ]
        if changed:
            await connection.execute(_CHANGE, changed)


_CHANGE = (
    budgets.update()
    .where(budgets.c.id == sa.bindparam("of_id"))
    .values(spent=budgets.c.spent + sa.bindparam("by"))
)


# Cached, because building a statement takes longer than running it.
@cache
def _locking(dialect: str) -> sa.Select[str, int]:
    chosen = sa.select(budgets.c.id, budgets.c.spent).where(matches_any(budgets.c.id, dialect))
    return chosen.order_by(budgets.c.id).with_for_update()


async def lock(connection: Connection, wanted: Iterable[Budget]) -> LockedBudgets:
    """Lock budgets in the order of their ids, and create those that are missing."""
    by_id = {budget.id: budget for budget in wanted}
    if not by_id:
        return LockedBudgets({})
    ids = sorted(by_id)
    locking, parameters = _locking(connection.dialect.name), any_values(ids, connection)
    found = _spent_by_id(await connection.execute(locking, parameters))
    if missing := [by_id[id_] for id_ in ids if id_ not in found]:
        rows = [
            {
                "id": budget.id,
                "scope": budget.scope,
                "guild_id": budget.guild_id,
                "since": budget.since,
                "until": budget.until,
                "spent": 0,
            }
            for budget in missing
        ]
        await connection.execute(insert_into(connection, budgets).on_conflict_do_nothing(), rows)
        # Another process may have inserted some of the rows, and those have to be locked too.
        found = _spent_by_id(await connection.execute(locking, parameters))
    return LockedBudgets(found)


def _spent_by_id(rows: Iterable[sa.Row[str, int]]) -> dict[str, int]:
    return {row.id: row.spent for row in rows}


async def spent_in(connection: Connection, budget: Budget) -> int:
    found = await connection.execute(sa.select(budgets.c.spent).where(budgets.c.id == budget.id))
    return found.scalar_one_or_none() or 0
