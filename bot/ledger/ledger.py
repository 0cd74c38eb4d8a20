"""Ledger: reads balances, history and spending, and records what people change."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.ledger.account import Balance, EntryKind
from bot.ledger.budgets import Budget
from bot.ledger.events import Event, EventPlan
from bot.ledger.server_rules import ServerRules

FORGOTTEN = "forgotten"
"""Actor whose data was deleted."""
SHOP = "shop"
"""Discord's own shop, as the actor when a member buys credits."""
BOT = "bot"
"""Actor of what no person decided."""
GATE = "gate"
"""The safety gate, as the actor that stops a result."""
LIST = "list"
"""A list of banned media, as the actor that stops a result."""
OPERATOR = "operator"
"""The operator at the command line, as an actor."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of an account's history: a job from its hold to its end, or any other entry."""

    id: int
    kind: EntryKind
    amount: int
    at: float
    job_id: str | None = None
    slug: str | None = None
    """Model of the job; None once the job is deleted."""
    ended: EntryKind | None = None
    """End of a hold: captured, released, or adjusted if the job was refunded."""
    actor: str | None = None
    """Person who decided, for a job about its refund."""
    why: str | None = None
    gift_of: int | None = None
    """The other member of a gift; 0 once they deleted their data."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Record of a decision about others, with its actor and its time."""

    actor: str
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    guild_id: int | None = None
    at: float = 0.0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Spending:
    """Sums over the jobs of one model, server and day that were charged or cost something."""

    day: float
    slug: str
    guild_id: int | None
    jobs: int
    credits: int
    usd: float
    """Cost in US dollars of the jobs for which Segmind reported one."""
    unknown: int
    """Jobs for which Segmind reported no cost."""
    refunded: int
    presumed: float = 0.0
    """Expected cost in US dollars of the jobs of unknown cost."""
    late: int = 0
    """Jobs found at Segmind after their credits were released."""


class AlreadyCredited(Exception):
    """The purchase with this receipt was credited before."""


class AlreadyRefunded(Exception):
    """The job was refunded before."""


class GiftLimitReached(Exception):
    """The giver, or else the receiver, would exceed the daily limit."""

    def __init__(self, *, left: int, resets_at: float, is_giver: bool) -> None:
        super().__init__(f"{left} left")
        self.left = left
        self.resets_at = resets_at
        self.is_giver = is_giver


class Ledger(Protocol):
    """Credits and rules of all servers; the store implements it."""

    async def balance(self, account: str) -> Balance: ...

    async def rules(self, guild_id: int) -> ServerRules: ...

    async def rules_of(self, guild_ids: Collection[int]) -> Mapping[int, ServerRules]:
        """Return the rules of those servers that have any."""
        ...

    async def change_rules(
        self, guild_id: int, change: Callable[[ServerRules], ServerRules], audit_entry: AuditEntry
    ) -> ServerRules:
        """Read, change and write the rules in one transaction."""
        ...

    async def grant(
        self,
        account: str,
        amount: int,
        why: str,
        audit_entry: AuditEntry,
        *,
        receipt: str | None = None,
        monthly: int | None = None,
    ) -> Balance:
        """Add credits; raises `AlreadyCredited` for a receipt that was credited before.

        `monthly` bounds what the administrators of the account's server give away in a month; the grant
        counts, or raises `CapReached`.
        """
        ...

    async def adjust(
        self,
        account: str,
        amount: int,
        why: str,
        audit_entry: AuditEntry,
        *,
        job_id: str | None = None,
        monthly: int | None = None,
    ) -> Balance:
        """Take credits away (a negative amount), or refund a job; raises `AlreadyRefunded`.

        With `monthly`, a refund counts as a grant does, and credits that are taken can be given again.
        """
        ...

    async def gift(
        self, giver: str, receiver: str, amount: int, audit_entry: AuditEntry, *, daily: int
    ) -> Balance:
        """Move granted credits from one account to another, and return the giver's balance.

        `daily` bounds what a member gives, and what a member gets, in a day (UTC). Raises `NotEnoughCredits`
        or `GiftLimitReached`, with nothing written.
        """
        ...

    async def start_event(self, guild_id: int, plan: EventPlan, audit_entry: AuditEntry) -> None:
        """Start an event in a server, in place of the one that runs."""
        ...

    async def end_event(self, guild_id: int, audit_entry: AuditEntry) -> bool:
        """End the event that runs; return whether there was one."""
        ...

    async def running_event(self, guild_id: int, *, monthly: int) -> Event | None:
        """Return the event that runs; `monthly` bounds what the administrators give away in a month."""
        ...

    async def history(
        self, account: str, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[LedgerLine]:
        """Read lines, newest first: the latest ones, or those next to the line `before` or `after`.

        A job is one line, which stands where its hold does. The amounts of all lines make the free credits,
        if those of released and refunded jobs count as nothing.
        """
        ...

    async def audit_entries(
        self, guild_id: int | None, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[AuditEntry]: ...

    async def spending(
        self, *, since: float, until: float, guild_id: int | None = None
    ) -> Sequence[Spending]:
        """Sum up spending by day, of one server or of all."""
        ...

    async def spent_in(self, budget: Budget) -> int: ...
