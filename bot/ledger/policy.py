"""What an order costs, and what a member may spend and order."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.ledger.account import Member
from bot.ledger.allowance import Allowance, Refill
from bot.ledger.budgets import Caps
from bot.ledger.server_rules import Bounds, Limits, ServerRules
from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class Price:
    credits: int
    usd: float
    """What Segmind will presumably ask for it."""


@dataclass(frozen=True, slots=True)
class Prices:
    usd: float = 0.01
    """What one credit is worth."""
    fixed: Mapping[str, int] = field(default_factory=dict[str, int])
    """Prices that the operator set, by slug; the others follow from the documented cost."""
    factors: Mapping[str, float] = field(default_factory=dict[str, float])
    """What a choice does to the cost, by `slug.option.choice`, over what the model's card says."""

    def unit(self, card: ModelCard, body: Mapping[str, Any] | None = None) -> int:
        """The price of one picture, or of each started stretch of video, with these options."""
        factor = self._factor(card, body or {})
        if card.slug in self.fixed:
            return _whole(self.fixed[card.slug] * factor)
        return _whole(card.usd * factor / self.usd)

    def of(self, card: ModelCard, body: Mapping[str, Any], seconds: float | None) -> Price:
        """The price of one order; `seconds` is the length of its video, if it has one."""
        stretches = 1
        if seconds is not None and card.per_seconds is not None:
            stretches = max(1, _whole(seconds / card.per_seconds))
        return Price(
            self.unit(card, body) * stretches, round(card.usd * self._factor(card, body) * stretches, 6)
        )

    def _factor(self, card: ModelCard, body: Mapping[str, Any]) -> float:
        factor = 1.0
        for (option, choice), documented in card.factors.items():
            if body.get(option) == choice:
                factor *= self.factors.get(f"{card.slug}.{option}.{choice}", documented)
        return factor


def _whole(amount: float) -> int:
    # Cents are not exact in binary: 0.05 / 0.01 is 5.000000000000001 on some inputs, and must stay 5.
    return math.ceil(round(amount, 6))


@dataclass(frozen=True, slots=True)
class MemberTerms:
    """What holds for one member, here and now."""

    allowance: Allowance
    caps: Caps
    limits: Limits
    models_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's word, within which a server's administrators set their own."""

    daily: int = 50
    direct_daily: int = 0
    refill: Refill = Refill.MIDNIGHT
    roles: Mapping[int, int] = field(default_factory=dict[int, int])
    monthly: int | None = None
    operator_usd: float | None = None
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)

    def terms(self, member: Member, rules: ServerRules) -> MemberTerms:
        return MemberTerms(
            allowance=Allowance(self._daily(member, rules), self.refill),
            caps=Caps(self.monthly_of(rules), self.operator_usd),
            limits=self.limits_of(rules),
            models_off=rules.models_off,
        )

    def limits_of(self, rules: ServerRules) -> Limits:
        return self.limits.narrowed(rules.limits)

    def monthly_of(self, rules: ServerRules) -> int | None:
        """A server's own cap can only be lower than the operator's."""
        known = [cap for cap in (self.monthly, rules.monthly) if cap is not None]
        return min(known, default=None)

    def _daily(self, member: Member, rules: ServerRules) -> int:
        if member.guild_id is None:
            return self.direct_daily
        if member.user_id in rules.members:
            return min(rules.members[member.user_id], self.bounds.daily)
        # The operator's own numbers are not bounded by what others may set.
        plain = self.daily if rules.daily is None else min(rules.daily, self.bounds.daily)
        raised = [min(rules.roles[role], self.bounds.daily) for role in member.roles if role in rules.roles]
        everywhere = [
            self.roles[role] for role in member.roles if role in self.roles and role not in rules.roles
        ]
        return max(plain, *raised, *everywhere) if raised or everywhere else plain
