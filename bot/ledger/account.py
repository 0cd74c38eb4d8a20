"""Accounts: their balances, and how a hold, a capture, a release and an adjustment change a balance.

An account has two purses: the allowance of the present day, which is spent first and lapses when its day is
over, and granted credits, which never lapse.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.ledger.allowance import Allowance


class EntryKind(StrEnum):
    """Kind of a ledger line. The free credits of an account are the sum of the amounts of its lines."""

    GRANT = "grant"
    """Credits that never expire."""
    ALLOWANCE = "allowance"
    """The allowance was refilled for a new day, changed with the member's roles, or lapsed."""
    HOLD = "hold"
    """The price of a job was held before anything was sent."""
    CAPTURE = "capture"
    """The job is done: the held credits are spent."""
    RELEASE = "release"
    """The job produced no result: the held credits are free again."""
    ADJUST = "adjust"
    """A person took credits away, or refunded a job that was paid."""


@dataclass(frozen=True, slots=True)
class Member:
    """Owner of an account. `guild_id` is None outside of servers, and in servers without the bot."""

    user_id: int
    guild_id: int | None = None
    roles: frozenset[int] = frozenset()

    @property
    def account(self) -> str:
        return account_of(guild_id=self.guild_id, user_id=self.user_id)


@dataclass(frozen=True, slots=True)
class Allocation:
    """A price, split between the two purses."""

    price: int
    from_allowance: int
    allowance_until: float
    """End of the day whose allowance pays. A later release finds that allowance lapsed."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Free and held credits of an account."""

    allowance: int = 0
    granted: int = 0
    held: int = 0
    used: int = 0
    """The part of this day's allowance that is spent or held."""
    since: float = 0.0
    """Start of this day's allowance."""

    @property
    def free(self) -> int:
        return self.allowance + self.granted

    def with_allowance(self, allowance: Allowance, now: float) -> "Balance":
        """The same balance, with the allowance that the member has now."""
        since = allowance.start_of_day(self.since, self.used, now)
        used = self.used if since == self.since else 0
        return replace(self, allowance=max(0, allowance.daily - used), used=used, since=since)

    def allocate(self, price: int, allowance: Allowance) -> Allocation:
        """Split a price between the purses; raises `NotEnoughCredits`."""
        if self.free < price:
            raise NotEnoughCredits(need=price, have=self.free, refills_at=allowance.refills_at(self.since))
        return Allocation(price, min(price, self.allowance), allowance.ends(self.since))

    def with_hold(self, allocation: Allocation) -> "Balance":
        from_allowance = allocation.from_allowance
        return self._plus(-from_allowance, from_allowance - allocation.price, allocation.price)

    def captured(self, allocation: Allocation) -> "Balance":
        return self._plus(0, 0, -allocation.price)

    def released(self, allocation: Allocation, *, lapsed: bool) -> "Balance":
        to_allowance = 0 if lapsed else allocation.from_allowance
        return self._plus(to_allowance, allocation.price - allocation.from_allowance, -allocation.price)

    def adjusted(self, amount: int) -> "Balance":
        """More granted credits, or fewer if the amount is negative; raises `NotEnoughCredits`."""
        if self.granted + amount < 0:
            raise NotEnoughCredits(need=-amount, have=self.granted)
        return self._plus(0, amount, 0)

    def _plus(self, allowance: int, granted: int, held: int) -> "Balance":
        return replace(
            self,
            allowance=self.allowance + allowance,
            used=self.used - allowance,
            granted=self.granted + granted,
            held=self.held + held,
        )


class NotEnoughCredits(Exception):
    """The account has fewer credits than needed. `refills_at` is None if no allowance will refill."""

    def __init__(self, *, need: int, have: int, refills_at: float | None = None) -> None:
        super().__init__(f"{need} credits are needed, and there are {have}")
        self.need = need
        self.have = have
        self.refills_at = refills_at


def account_of(*, guild_id: int | None, user_id: int) -> str:
    """Account of a member: one per server, and one of their own outside of servers."""
    return f"{guild_id or 'direct'}:{user_id}"


def payer_of(account: str) -> int | None:
    """Server whose budget pays for an account; None if the account is a member's own."""
    owner, _, _ = account.partition(":")
    return int(owner) if owner.isdigit() else None


def owner_of(account: str) -> int:
    """Member to whom an account belongs; 0 if that member deleted their data."""
    _, _, member = account.partition(":")
    return int(member) if member.isdigit() else 0


def starting_credits(account: str, start: int) -> int:
    """Credits of a new account. Outside of servers no administrator knows the member, so there are none."""
    return 0 if account.startswith("direct:") else start
