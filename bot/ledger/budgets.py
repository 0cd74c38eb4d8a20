"""Budgets: what a server spends and gives away in a month, and the operator's US dollars in a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bot.ledger.allowance import DAY

MICROS = 1_000_000


class Scope(StrEnum):
    """Owner of a budget, which also decides its unit and its period."""

    SERVER = "server"
    """In credits, by calendar month (UTC)."""
    GRANTS = "grants"
    """Credits that a server's administrators give away, by calendar month (UTC)."""
    OPERATOR = "operator"
    """In millionths of a US dollar, by day (UTC)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Period in which the spending of a server, or of all servers, is summed up."""

    scope: Scope
    since: float
    until: float
    guild_id: int | None = None

    @property
    def id(self) -> str:
        return f"{self.scope}:{self.guild_id or 'all'}:{int(self.since)}"


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of the budgets that an order counts against; None is unlimited."""

    server_credits: int | None = None
    operator_usd: float | None = None
    grants: int | None = None
    """Credits that administrators give away, events included."""

    def of(self, scope: Scope) -> int | None:
        match scope:
            case Scope.SERVER:
                return self.server_credits
            case Scope.OPERATOR:
                return None if self.operator_usd is None else micros(self.operator_usd)
            case Scope.GRANTS:
                return self.grants


class CapReached(Exception):
    """The order would exceed a budget; nothing was held."""

    def __init__(self, budget: Budget, *, left: int) -> None:
        super().__init__(f"{budget.scope}: {left} left")
        self.scope = budget.scope
        self.left = left
        self.resets_at = budget.until


def budgets_of(guild_id: int | None, at: float) -> Iterator[Budget]:
    """Budgets that an order placed at this time counts against."""
    if guild_id is not None:
        yield Budget(Scope.SERVER, *month_of(at), guild_id=guild_id)
    yield Budget(Scope.OPERATOR, *day_of(at))


def grants_of(guild_id: int, at: float) -> Budget:
    """Budget of what the administrators of a server give away."""
    return Budget(Scope.GRANTS, *month_of(at), guild_id=guild_id)


def day_of(at: float) -> tuple[float, float]:
    return at // DAY * DAY, at // DAY * DAY + DAY


def month_of(at: float) -> tuple[float, float]:
    moment = datetime.fromtimestamp(at, UTC)
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    following = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    return first.timestamp(), following.timestamp()


def micros(usd: float) -> int:
    """Millionths of a dollar, which add up exactly."""
    return round(usd * MICROS)
