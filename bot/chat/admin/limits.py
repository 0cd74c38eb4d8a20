"""Limits of a server: their names, their values and the card that lists them."""

from collections.abc import Sequence

from bot.chat.text import Text
from bot.chat.ui.amounts import rough_duration, size
from bot.chat.ui.info_card import InfoCard
from bot.ledger.policy import Policy
from bot.ledger.server_rules import LIMIT_NAMES, MIB, ServerRules


def limits_card(policy: Policy, rules: ServerRules, text: Text) -> InfoCard:
    return InfoCard(text("limits.title"), limit_lines(policy, rules, text), text)


def limit_lines(policy: Policy, rules: ServerRules, text: Text) -> Sequence[str]:
    """A line for each of `LIMIT_NAMES`."""
    own, operator = policy.limits_of(rules).named(), policy.limits.named()
    return [
        text(
            "limits.line",
            limit=limit_name(name, text),
            amount=limit_words(name, own[name], text),
            most=limit_words(name, operator[name], text),
        )
        for name in LIMIT_NAMES
    ]


def to_stored_unit(name: str, amount: int | None) -> int | None:
    """Convert a typed limit to its unit of storage: administrators type sizes in MiB."""
    return amount * MIB if amount is not None and name.endswith("_bytes") else amount


def limit_name(name: str, text: Text) -> str:
    return text(f"limit.{name}") if name in LIMIT_NAMES else name


def limit_words(name: str, amount: float, text: Text) -> str:
    if name.startswith("per_"):
        return text("jobs", count=int(amount))
    return rough_duration(amount, text) if name.endswith("_seconds") else size(amount, text)
