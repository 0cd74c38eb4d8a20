"""Prices of orders, and the operator's policy on how much members may spend and order."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.ledger.account import Member
from bot.ledger.allowance import Allowance, Refill
from bot.ledger.budgets import Caps
from bot.ledger.events import Event
from bot.ledger.server_rules import Bounds, Limits, OrderDefaults, ServerRules
from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class Price:
    """Price of an order in credits, and its expected cost at Segmind in US dollars."""

    credits: int
    usd: float
    subsidy: int = 0
    """Credits that the server pays on top, in an event."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Price list, made from the documented costs and the operator's settings."""

    usd: float = 0.01
    """Value of one credit."""
    fixed: Mapping[str, int] = field(default_factory=dict[str, int])
    """The operator's own prices, by slug; the other models are priced by their documented cost."""
    factors: Mapping[str, float] = field(default_factory=dict[str, float])
    """Cost factors by `slug.option.choice`, which override those of the model's card."""

    def unit(self, card: ModelCard, body: Mapping[str, Any] | None = None) -> int:
        """Price of one picture, or of each started unit of video, with these options."""
        base = self.fixed.get(card.slug, card.usd / self.usd)
        return _round_up(base * self._factor(card, body or {}))

    def of(self, card: ModelCard, body: Mapping[str, Any], seconds: float | None) -> Price:
        """Price of one order; `seconds` is the length of its video, if it has one."""
        units = 1
        if seconds is not None and card.per_seconds is not None:
            units = max(1, _round_up(seconds / card.per_seconds))
        return Price(self.unit(card, body) * units, round(card.usd * self._factor(card, body) * units, 6))

    def _factor(self, card: ModelCard, body: Mapping[str, Any]) -> float:
        factor = 1.0
        for (option, choice), documented in card.factors.items():
            if body.get(option) == choice:
                factor *= self.factors.get(f"{card.slug}.{option}.{choice}", documented)
        return factor


def _round_up(amount: float) -> int:
    # Cents are not exact in binary: 0.05 / 0.01 is 5.000000000000001 on some inputs, and must stay 5.
    return math.ceil(round(amount, 6))


@dataclass(frozen=True, slots=True)
class MemberTerms:
    """Allowance, caps, limits and defaults that apply to a member's order."""

    allowance: Allowance
    caps: Caps
    limits: Limits
    models_off: frozenset[str] = frozenset()
    defaults: OrderDefaults = field(default_factory=OrderDefaults)
    event: Event | None = None
    """Event that runs in the server."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's limits, within which the administrators of a server set their own."""

    daily: int = 50
    direct_daily: int = 0
    refill: Refill = Refill.MIDNIGHT
    roles: Mapping[int, int] = field(default_factory=dict[int, int])
    monthly: int | None = None
    operator_usd: float | None = None
    limits: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    gifts_daily: int = 0
    """Credits that a member may give to others in a day, and get from them."""

    def terms(self, member: Member, rules: ServerRules, channels: Collection[int] = ()) -> MemberTerms:
        """Terms of a member; `channels` are the channel of the order and, of a thread, its parent."""
        return MemberTerms(
            allowance=Allowance(self._daily(member, rules), self.refill),
            caps=Caps(self.monthly_of(rules), self.operator_usd, self.bounds.grants_monthly),
            limits=self.limits_of(rules),
            models_off=rules.models_off,
            defaults=rules.defaults_for(member.roles, channels),
        )

    def limits_of(self, rules: ServerRules) -> Limits:
        return self.limits.narrowed(rules.limits)

    def monthly_of(self, rules: ServerRules) -> int | None:
        """The lower of the operator's cap and the server's own."""
        return min((cap for cap in (self.monthly, rules.monthly) if cap is not None), default=None)

    def gifts_of(self, rules: ServerRules) -> int:
        """The lower of the operator's bound on gifts and the server's own."""
        return self.gifts_daily if rules.gifts is None else min(self.gifts_daily, rules.gifts)

    def _daily(self, member: Member, rules: ServerRules) -> int:
        if member.guild_id is None:
            return self.direct_daily
        if member.user_id in rules.members:
            return min(rules.members[member.user_id], self.bounds.daily)
        # The bounds hold for what administrators set, not for the operator's own numbers.
        base = self.daily if rules.daily is None else min(rules.daily, self.bounds.daily)
        by_server = [
            min(rules.roles[role], self.bounds.daily) for role in member.roles if role in rules.roles
        ]
        by_operator = [
            self.roles[role] for role in member.roles if role in self.roles and role not in rules.roles
        ]
        return max([base, *by_server, *by_operator])
