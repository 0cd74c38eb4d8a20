"""The ledger in one transaction: accounts are locked, reckoned with, and written back with their entries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.ledger.account import Allocation, Balance, EntryKind, starting_credits
from bot.ledger.allowance import Allowance
from bot.store.connection import Connection
from bot.store.dialects import any_values, insert_into, matches_any
from bot.store.tables import accounts, entries

_PURSES = tuple(field.name for field in fields(Balance))
_COLUMNS = tuple(accounts.c[name] for name in _PURSES)
_BALANCE = sa.select(*_COLUMNS).where(accounts.c.id == sa.bindparam("account"))


async def read(connection: Connection, account: str, *, start: int) -> Balance:
    """An account that does not exist yet has what it will begin with."""
    row = (await connection.execute(_BALANCE, {"account": account})).one_or_none()
    return Balance(granted=starting_credits(account, start)) if row is None else Balance(*row)


@dataclass(slots=True)
class LedgerTransaction:
    """The locked accounts of one transaction, and what is to be written about them."""

    balances: dict[str, Balance]
    at: float
    before: Mapping[str, Balance] = field(init=False)
    entries: list[dict[str, Any]] = field(init=False, default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.before = dict(self.balances)

    def allocate(self, account: str, price: int, allowance: Allowance) -> Allocation:
        """Fill the allowance up if it is time, and say how the price would be paid; or raise."""
        balance = self.balances[account]
        now = self.balances[account] = balance.with_allowance(allowance, self.at)
        if change := now.allowance - balance.allowance:
            self._note(account, EntryKind.ALLOWANCE, change, change)
        return now.allocate(price, allowance)

    def hold(self, account: str, split: Allocation, *, job_id: str) -> None:
        self.balances[account] = self.balances[account].held_for(split)
        self._note(account, EntryKind.HOLD, -split.price, -split.from_allowance, job_id=job_id)

    def capture(self, account: str, split: Allocation, *, job_id: str) -> None:
        self.balances[account] = self.balances[account].captured(split)
        self._note(account, EntryKind.CAPTURE, 0, job_id=job_id)

    def release(self, account: str, split: Allocation, *, job_id: str) -> None:
        """All of it comes back; what was of a day that is over lapses at once, as it would have unspent."""
        lapsed = self.at >= split.allowance_until
        self.balances[account] = self.balances[account].released(split, lapsed=lapsed)
        self._note(account, EntryKind.RELEASE, split.price, split.from_allowance, job_id=job_id)
        if lapsed and split.from_allowance:
            self._note(account, EntryKind.ALLOWANCE, -split.from_allowance, -split.from_allowance)

    def grant(
        self, account: str, amount: int, *, actor: str, why: str, receipt: str | None = None
    ) -> Balance:
        balance = self._give(account, amount)
        self._note(account, EntryKind.GRANT, amount, actor=actor, why=why, receipt=receipt)
        return balance

    def adjust(self, account: str, amount: int, *, actor: str, why: str, job_id: str | None) -> Balance:
        balance = self._give(account, amount)
        self._note(account, EntryKind.ADJUST, amount, job_id=job_id, actor=actor, why=why)
        return balance

    def _give(self, account: str, amount: int) -> Balance:
        now = self.balances[account] = self.balances[account].given(amount)
        return now

    def _note(
        self,
        account: str,
        kind: EntryKind,
        amount: int,
        of_allowance: int = 0,
        *,
        job_id: str | None = None,
        actor: str | None = None,
        why: str | None = None,
        receipt: str | None = None,
    ) -> None:
        line = {"account": account, "kind": kind, "amount": amount, "of_allowance": of_allowance}
        self.entries.append(
            line | {"at": self.at, "job_id": job_id, "actor": actor, "why": why, "receipt": receipt}
        )

    async def write(self, connection: Connection) -> None:
        changed = [
            {"of_id": account, "now_since": now.since}
            | {f"by_{name}": getattr(now, name) - getattr(was, name) for name in _COUNTED}
            for account, now in self.balances.items()
            if now != (was := self.before[account])
        ]
        if changed:
            await connection.execute(_CHANGE, changed)
        if self.entries:
            await connection.execute(entries.insert(), self.entries)


_COUNTED = tuple(name for name in _PURSES if name != "since")
# Differences under a row lock; a WHERE as a guard would skip in silence what the CHECKs refuse aloud.
_CHANGE = (
    accounts.update()
    .where(accounts.c.id == sa.bindparam("of_id"))
    .values(
        {name: accounts.c[name] + sa.bindparam(f"by_{name}") for name in _COUNTED}
        | {"since": sa.bindparam("now_since")}
    )
)


# Built once: making a statement takes longer than carrying it out.
@cache
def _known(dialect: str) -> sa.Select[str]:
    return sa.select(accounts.c.id).where(matches_any(accounts.c.id, dialect))


@cache
def _locking(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    wanted = sa.select(accounts.c.id, *_COLUMNS).where(matches_any(accounts.c.id, dialect))
    # Not against the foreign keys of new jobs and entries.
    return wanted.order_by(accounts.c.id).with_for_update(key_share=True)


async def lock(
    connection: Connection, wanted: Collection[str], *, start: int, at: float
) -> LedgerTransaction:
    """Lock these accounts, in one order everywhere so that no two processes wait for each other."""
    if not wanted:
        return LedgerTransaction({}, at)
    ids = sorted(wanted)
    dialect, given = connection.dialect.name, any_values(ids, connection)
    known = set((await connection.execute(_known(dialect), given)).scalars())
    if missing := [account for account in ids if account not in known]:
        await _enrol(connection, missing, start=start, at=at)
    found = {row[0]: Balance(*row[1:]) for row in await connection.execute(_locking(dialect), given)}
    if len(found) < len(ids):
        # One was forgotten while another process kept it locked: its member begins anew.
        return await lock(connection, wanted, start=start, at=at)
    return LedgerTransaction(found, at)


async def _enrol(connection: Connection, new: list[str], *, start: int, at: float) -> None:
    rows = [
        {
            "id": account,
            "allowance": 0,
            "granted": starting_credits(account, start),
            "held": 0,
            "used": 0,
            "since": 0,
        }
        for account in new
    ]
    # Another process may be faster; whoever inserts the account also writes its first entry.
    made = await connection.execute(
        insert_into(connection, accounts)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(accounts.c.id, accounts.c.granted)
    )
    grants = [
        {
            "account": account,
            "kind": EntryKind.GRANT,
            "amount": granted,
            "of_allowance": 0,
            "at": at,
            "why": "start",
        }
        for account, granted in made
        if granted
    ]
    if grants:
        await connection.execute(entries.insert(), grants)
