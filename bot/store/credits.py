"""The ledger in one transaction: accounts are locked, reckoned with, and written back with their entries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.credits.account import Balance, Entry, NotEnoughCredits
from bot.store.choice import among
from bot.store.tables import accounts, entries


async def read(connection: AsyncConnection, account: str) -> Balance | None:
    chosen = sa.select(accounts.c.free, accounts.c.held).where(accounts.c.id == account)
    row = (await connection.execute(chosen)).one_or_none()
    return None if row is None else Balance(*row)


@dataclass(slots=True)
class Ledger:
    """The locked accounts of one transaction, and what is to be written about them."""

    balances: dict[str, Balance]
    at: float
    before: Mapping[str, Balance] = field(init=False)
    lines: list[dict[str, Any]] = field(init=False, default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.before = dict(self.balances)

    def hold(self, account: str, price: int, *, job_id: str) -> None:
        balance = self.balances[account]
        if balance.free < price:
            raise NotEnoughCredits(need=price, have=balance.free)
        self.balances[account] = Balance(balance.free - price, balance.held + price)
        self._note(account, Entry.HOLD, -price, job_id=job_id)

    def capture(self, account: str, price: int, *, job_id: str) -> None:
        balance = self.balances[account]
        self.balances[account] = Balance(balance.free, balance.held - price)
        self._note(account, Entry.CAPTURE, 0, job_id=job_id)

    def release(self, account: str, price: int, *, job_id: str) -> None:
        balance = self.balances[account]
        self.balances[account] = Balance(balance.free + price, balance.held - price)
        self._note(account, Entry.RELEASE, price, job_id=job_id)

    def grant(self, account: str, amount: int, *, actor: str, why: str) -> Balance:
        balance = self.balances[account]
        if balance.free + amount < 0:
            raise NotEnoughCredits(need=-amount, have=balance.free)
        self.balances[account] = Balance(balance.free + amount, balance.held)
        self._note(account, Entry.GRANT, amount, actor=actor, why=why)
        return self.balances[account]

    def _note(
        self,
        account: str,
        kind: Entry,
        amount: int,
        *,
        job_id: str | None = None,
        actor: str | None = None,
        why: str | None = None,
    ) -> None:
        line = {"account": account, "job_id": job_id, "kind": kind, "amount": amount, "at": self.at}
        self.lines.append(line | {"actor": actor, "why": why})

    async def write(self, connection: AsyncConnection) -> None:
        changed = [
            {"of_id": account, "free": now.free - was.free, "held": now.held - was.held}
            for account, now in self.balances.items()
            if now != (was := self.before[account])
        ]
        if changed:
            await connection.execute(_CHANGE, changed)
        if self.lines:
            await connection.execute(entries.insert(), self.lines)


# Differences under a row lock; a WHERE as a guard would skip in silence what the CHECKs refuse aloud.
_CHANGE = (
    accounts.update()
    .where(accounts.c.id == sa.bindparam("of_id"))
    .values(free=accounts.c.free + sa.bindparam("free"), held=accounts.c.held + sa.bindparam("held"))
)


async def lock(connection: AsyncConnection, wanted: Collection[str], *, start: int, at: float) -> Ledger:
    """Lock these accounts, in one order everywhere so that no two processes wait for each other."""
    if not wanted:
        return Ledger({}, at)
    ids = sorted(wanted)
    chosen = sa.select(accounts.c.id).where(among(accounts.c.id, ids, connection))
    known = set((await connection.execute(chosen)).scalars())
    if missing := [account for account in ids if account not in known]:
        await _enrol(connection, missing, start=start, at=at)
    locking = (
        sa.select(accounts)
        .where(among(accounts.c.id, ids, connection))
        .order_by(accounts.c.id)
        # Not against the foreign keys of new jobs and entries.
        .with_for_update(key_share=True)
    )
    return Ledger({row.id: Balance(row.free, row.held) for row in await connection.execute(locking)}, at)


async def _enrol(connection: AsyncConnection, new: list[str], *, start: int, at: float) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [{"id": account, "free": start, "held": 0} for account in new]
    # Another process may be faster; whoever inserts the account also writes its first entry.
    made = await connection.execute(
        insert(accounts).values(rows).on_conflict_do_nothing().returning(accounts.c.id)
    )
    grants = [
        {"account": account, "job_id": None, "kind": Entry.GRANT, "amount": start, "at": at, "why": "start"}
        for account in made.scalars()
    ]
    if grants:
        await connection.execute(entries.insert(), grants)
