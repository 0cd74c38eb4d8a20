"""What can be read in the books, and the door through which people change them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.ledger.account import Balance, EntryKind
from bot.ledger.budgets import Budget
from bot.ledger.server_rules import ServerRules

FORGOTTEN = "forgotten"
"""Stands for a person about whom everything was deleted."""
SHOP = "shop"
"""Stands for Discord's own shop, where a member bought credits."""
BOT = "bot"
"""Stands for what no person decided."""
OPERATOR = "operator"
"""Stands for whoever runs the bot, at its own terminal."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One entry of an account's history."""

    id: int
    kind: EntryKind
    amount: int
    at: float
    job_id: str | None = None
    slug: str | None = None
    """The model of the job, as long as the job is remembered."""
    actor: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that a person decided for others: kept for good, with who and when."""

    actor: str
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    guild_id: int | None = None
    at: float = 0.0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Spending:
    """The jobs of one model, server and day that were charged or cost something."""

    day: float
    slug: str
    guild_id: int | None
    jobs: int
    credits: int
    usd: float
    """What Segmind charged, as far as it said."""
    unknown: int
    """Jobs for which Segmind named no cost."""
    refunded: int
    """Credits given back afterwards."""
    presumed: float = 0.0
    """What the jobs of unknown cost were expected to cost, in US dollars."""
    late: int = 0
    """Orders that were given back, and turned up at Segmind afterwards."""


class AlreadyCredited(Exception):
    """What a receipt stands for is credited once."""


class AlreadyRefunded(Exception):
    """A job is given back once."""


class Ledger(Protocol):
    async def balance(self, account: str) -> Balance: ...

    async def rules(self, guild_id: int) -> ServerRules: ...

    async def change_rules(
        self, guild_id: int, change: Callable[[ServerRules], ServerRules], audit_entry: AuditEntry
    ) -> ServerRules:
        """Read, change and write back, with nobody in between."""
        ...

    async def grant(
        self, account: str, amount: int, why: str, audit_entry: AuditEntry, *, receipt: str | None = None
    ) -> Balance:
        """With a receipt, raises `AlreadyCredited` where that was credited before."""
        ...

    async def adjust(
        self, account: str, amount: int, why: str, audit_entry: AuditEntry, *, job_id: str | None = None
    ) -> Balance:
        """Take credits away (a negative amount), or give those of a job back, which is done once."""
        ...

    async def history(
        self, account: str, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[LedgerLine]:
        """The newest entries first; those next to the line `before` or `after`, where one is given."""
        ...

    async def audit_entries(
        self, guild_id: int | None, *, before: int | None = None, after: int | None = None, limit: int = 10
    ) -> Sequence[AuditEntry]: ...

    async def spending(
        self, *, since: float, until: float, guild_id: int | None = None
    ) -> Sequence[Spending]:
        """Day by day; of one server, or of all of them."""
        ...

    async def spent_in(self, budget: Budget) -> int: ...
