"""Accounts as data: what an account has, and how each kind of entry changes it.

An account has two purses: the allowance of the present day, which is spent first and lapses when its day is
over, and granted credits, which never do.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.ledger.allowance import Allowance


class EntryKind(StrEnum):
    """A line of the ledger. What an account has free is the sum of the amounts of its lines."""

    GRANT = "grant"
    """Given, never to expire."""
    ALLOWANCE = "allowance"
    """The allowance is filled up for a new day, changed with the member's roles, or lapses."""
    HOLD = "hold"
    """Set aside for a job before anything is sent."""
    CAPTURE = "capture"
    """The job is done: what was held is spent."""
    RELEASE = "release"
    """The job came to nothing: what was held is free again."""
    ADJUST = "adjust"
    """Put right by a person: taken away, or given back for a job that was paid."""


@dataclass(frozen=True, slots=True)
class Member:
    """Whose credits these are. Outside of servers, and in servers without the bot, there is no `guild_id`."""

    user_id: int
    guild_id: int | None = None
    roles: frozenset[int] = frozenset()

    @property
    def account(self) -> str:
        return account_of(guild_id=self.guild_id, user_id=self.user_id)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A price as it was taken from the two purses."""

    price: int
    from_allowance: int
    allowance_until: float
    """The end of the day whose allowance it was. What comes back later has lapsed."""


@dataclass(frozen=True, slots=True)
class Balance:
    allowance: int = 0
    granted: int = 0
    held: int = 0
    used: int = 0
    """What was taken from this day's allowance, spent or held."""
    since: float = 0.0
    """When this day's allowance began."""

    @property
    def free(self) -> int:
        return self.allowance + self.granted

    def with_allowance(self, allowance: Allowance, now: float) -> "Balance":
        """The same account with the allowance that its member has now."""
        since = allowance.start_of_day(self.since, self.used, now)
        used = self.used if since == self.since else 0
        return replace(self, allowance=max(0, allowance.daily - used), used=used, since=since)

    def allocate(self, price: int, allowance: Allowance) -> Allocation:
        """How the price would be paid; raises where it cannot be."""
        if self.free < price:
            raise NotEnoughCredits(need=price, have=self.free, refills_at=allowance.refills_at(self.since))
        return Allocation(price, min(price, self.allowance), allowance.ends(self.since))

    def held_for(self, split: Allocation) -> "Balance":
        return self._moved(-split.from_allowance, split.from_allowance - split.price, split.price)

    def captured(self, split: Allocation) -> "Balance":
        return self._moved(0, 0, -split.price)

    def released(self, split: Allocation, *, lapsed: bool) -> "Balance":
        back = 0 if lapsed else split.from_allowance
        return self._moved(back, split.price - split.from_allowance, -split.price)

    def adjusted(self, amount: int) -> "Balance":
        """More granted credits, or fewer where the amount is negative."""
        if self.granted + amount < 0:
            raise NotEnoughCredits(need=-amount, have=self.granted)
        return self._moved(0, amount, 0)

    def _moved(self, allowance: int, granted: int, held: int) -> "Balance":
        return replace(
            self,
            allowance=self.allowance + allowance,
            used=self.used - allowance,
            granted=self.granted + granted,
            held=self.held + held,
        )


class NotEnoughCredits(Exception):
    def __init__(self, *, need: int, have: int, refills_at: float | None = None) -> None:
        """`refills_at` is unknown where no allowance will be filled up."""
        super().__init__(f"{need} credits are needed, and there are {have}")
        self.need = need
        self.have = have
        self.refills_at = refills_at


def account_of(*, guild_id: int | None, user_id: int) -> str:
    """A member has one account per server, and one of their own outside of servers."""
    return f"{guild_id or 'direct'}:{user_id}"


def payer_of(account: str) -> int | None:
    """The server whose members share a budget; none where the account is a member's own."""
    owner, _, _ = account.partition(":")
    return int(owner) if owner.isdigit() else None


def starting_credits(account: str, start: int) -> int:
    """What a new account is given. Outside of servers no administrator knows the member, so it is nothing."""
    return 0 if account.startswith("direct:") else start
