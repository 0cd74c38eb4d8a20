"""The ledger in one transaction: accounts are locked, calculated, and written back with their entries."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.ledger.account import Allocation, Balance, EntryKind, owner_of, starting_credits
from bot.ledger.allowance import Allowance
from bot.ledger.budgets import day_of
from bot.ledger.ledger import GiftLimitReached
from bot.store.connection import Connection
from bot.store.dialects import any_values, insert_into, matches_any
from bot.store.tables import accounts, entries, people

_FIELDS = tuple(field.name for field in fields(Balance))
_COLUMNS = tuple(accounts.c[name] for name in _FIELDS)
_BALANCE = sa.select(*_COLUMNS).where(accounts.c.id == sa.bindparam("account"))
_LEAVERS = sa.select(people.c.user_id).where(
    people.c.user_id.in_(sa.bindparam("members", expanding=True)), people.c.left_at.is_not(None)
)


async def read(connection: Connection, account: str, *, start: int) -> Balance:
    """Balance of an account, or the balance that a new account will begin with."""
    row = (await connection.execute(_BALANCE, {"account": account})).one_or_none()
    if row is not None:
        return Balance(*row)
    return Balance(granted=(await _starting_credits(connection, [account], start))[account])


@dataclass(slots=True)
class LedgerTransaction:
    """The locked accounts of one transaction, and the entries to be written for them."""

    balances: dict[str, Balance]
    at: float
    gifts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Credits that an account gave (ADJUST) and got (GRANT) as gifts this day."""
    before: Mapping[str, Balance] = field(init=False)
    entries: list[dict[str, Any]] = field(init=False, default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.before = dict(self.balances)

    def allocate(self, account: str, price: int, allowance: Allowance) -> Allocation:
        """Refill the allowance if it is due, and divide the price, or raise `NotEnoughCredits`."""
        balance = self.balances[account]
        refilled = self.balances[account] = balance.with_allowance(allowance, self.at)
        if change := refilled.allowance - balance.allowance:
            self._add_entry(account, EntryKind.ALLOWANCE, change, change)
        return refilled.allocate(price, allowance)

    def hold(self, account: str, allocation: Allocation, *, job_id: str) -> None:
        self.balances[account] = self.balances[account].with_hold(allocation)
        self._add_entry(account, EntryKind.HOLD, -allocation.price, -allocation.from_allowance, job_id=job_id)

    def capture(self, account: str, allocation: Allocation, *, job_id: str) -> None:
        self.balances[account] = self.balances[account].captured(allocation)
        self._add_entry(account, EntryKind.CAPTURE, 0, job_id=job_id)

    def release(self, account: str, allocation: Allocation, *, job_id: str) -> None:
        """Return all held credits; those of an allowance whose day is over lapse at once."""
        lapsed = self.at >= allocation.allowance_until
        part = allocation.from_allowance
        self.balances[account] = self.balances[account].released(allocation, lapsed=lapsed)
        self._add_entry(account, EntryKind.RELEASE, allocation.price, part, job_id=job_id)
        if lapsed and part:
            self._add_entry(account, EntryKind.ALLOWANCE, -part, -part)

    def grant(
        self, account: str, amount: int, *, actor: str, why: str, receipt: str | None = None
    ) -> Balance:
        balance = self._give(account, amount)
        self._add_entry(account, EntryKind.GRANT, amount, actor=actor, why=why, receipt=receipt)
        return balance

    def gift(
        self, giver: str, receiver: str, amount: int, *, gift_id: str, actor: str, daily: int
    ) -> Balance:
        """Move granted credits, within what both may give and get in a day."""
        sides = ((giver, EntryKind.ADJUST, -amount), (receiver, EntryKind.GRANT, amount))
        for account, kind, _ in sides:
            if amount > (left := max(0, daily - self.gifts[account, kind])):
                resets_at = day_of(self.at)[1]
                raise GiftLimitReached(left=left, resets_at=resets_at, is_giver=account == giver)
        # The giver comes first, and raises if the credits are missing.
        for account, kind, change in sides:
            self._give(account, change)
            self._add_entry(account, kind, change, actor=actor, gift=gift_id)
            self.gifts[account, kind] += amount
        return self.balances[giver]

    def adjust(self, account: str, amount: int, *, actor: str, why: str, job_id: str | None) -> Balance:
        balance = self._give(account, amount)
        self._add_entry(account, EntryKind.ADJUST, amount, job_id=job_id, actor=actor, why=why)
        return balance

    def _give(self, account: str, amount: int) -> Balance:
        now = self.balances[account] = self.balances[account].adjusted(amount)
        return now

    def _add_entry(
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
        gift: str | None = None,
    ) -> None:
        entry = {"account": account, "kind": kind, "amount": amount, "of_allowance": of_allowance}
        self.entries.append(
            entry
            | {"at": self.at, "job_id": job_id, "actor": actor, "why": why, "receipt": receipt, "gift": gift}
        )

    async def write(self, connection: Connection) -> None:
        changed = [
            {"of_id": account, "new_since": balance.since}
            | {f"by_{name}": getattr(balance, name) - getattr(before, name) for name in _SUMS}
            for account, balance in self.balances.items()
            if balance != (before := self.before[account])
        ]
        if changed:
            await connection.execute(_CHANGE, changed)
        if self.entries:
            await connection.execute(entries.insert(), self.entries)


_SUMS = tuple(name for name in _FIELDS if name != "since")
# Adds differences under a row lock. A guard in the WHERE would silently skip what the CHECKs report.
_CHANGE = (
    accounts.update()
    .where(accounts.c.id == sa.bindparam("of_id"))
    .values(
        {name: accounts.c[name] + sa.bindparam(f"by_{name}") for name in _SUMS}
        | {"since": sa.bindparam("new_since")}
    )
)


# Cached, because building a statement takes longer than running it.
@cache
def _existing(dialect: str) -> sa.Select[str]:
    return sa.select(accounts.c.id).where(matches_any(accounts.c.id, dialect))


@cache
def _locking(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    chosen = sa.select(accounts.c.id, *_COLUMNS).where(matches_any(accounts.c.id, dialect))
    # A key share lock lets other transactions insert jobs and entries that refer to the account.
    return chosen.order_by(accounts.c.id).with_for_update(key_share=True)


async def lock(
    connection: Connection, wanted: Collection[str], *, start: int, at: float
) -> LedgerTransaction:
    """Lock accounts in the order of their ids, so that no two processes wait for each other."""
    if not wanted:
        return LedgerTransaction({}, at)
    ids = sorted(wanted)
    dialect, parameters = connection.dialect.name, any_values(ids, connection)
    existing = set((await connection.execute(_existing(dialect), parameters)).scalars())
    if missing := [account for account in ids if account not in existing]:
        await _create(connection, missing, start=start, at=at)
    found = {row[0]: Balance(*row[1:]) for row in await connection.execute(_locking(dialect), parameters)}
    if len(found) < len(ids):
        # Another process deleted a member's data while it held the lock, so that account starts empty.
        return await lock(connection, wanted, start=start, at=at)
    return LedgerTransaction(found, at)


async def load_gifts(connection: Connection, transaction: LedgerTransaction, accounts_: set[str]) -> None:
    """Add up the gifts of this day, of accounts that are locked."""
    if not accounts_:
        return
    since, _ = day_of(transaction.at)
    total = sa.cast(sa.func.sum(sa.func.abs(entries.c.amount)), sa.BigInteger)
    chosen = (
        sa.select(entries.c.account, entries.c.kind, total)
        .where(entries.c.account.in_(accounts_), entries.c.gift.is_not(None), entries.c.at >= since)
        .group_by(entries.c.account, entries.c.kind)
    )
    for account, kind, amount in await connection.execute(chosen):
        transaction.gifts[account, kind] = amount


async def _starting_credits(connection: Connection, new: Sequence[str], start: int) -> Mapping[str, int]:
    """Credits of new accounts; a member who deleted their data had them before."""
    given = {account: starting_credits(account, start) for account in new}
    members = {account: owner_of(account) for account, amount in given.items() if amount}
    if not members:
        return given
    leavers = set((await connection.execute(_LEAVERS, {"members": [*members.values()]})).scalars())
    return given | {account: 0 for account, member in members.items() if member in leavers}


async def _create(connection: Connection, new: list[str], *, start: int, at: float) -> None:
    given = await _starting_credits(connection, new, start)
    rows = [
        {"id": account, "allowance": 0, "granted": given[account], "held": 0, "used": 0, "since": 0}
        for account in new
    ]
    # Another process may insert the account first, and then that process also writes its first entry.
    created = await connection.execute(
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
        for account, granted in created
        if granted
    ]
    if grants:
        await connection.execute(entries.insert(), grants)
