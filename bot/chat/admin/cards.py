"""Cards for administrators about their server: its settings, its members' balances and its models."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.chat.account.credits_cards import balance_lines
from bot.chat.text import Text
from bot.chat.ui.card import relative_timestamp
from bot.chat.ui.info_card import InfoCard, mention
from bot.ledger.account import Balance
from bot.ledger.budgets import Budget
from bot.ledger.policy import MemberTerms, Policy
from bot.ledger.server_rules import ServerRules
from bot.models import ModelCard


@dataclass(frozen=True, slots=True)
class MonthlyBudget:
    """Budget of the server for this month, and how much of it is spent."""

    budget: Budget
    spent: int
    cap: int | None


def server_card(
    rules: ServerRules, policy: Policy, month: MonthlyBudget, known_roles: Collection[int], text: Text
) -> InfoCard:
    lines = server_lines(rules, policy, month, known_roles, text)
    return InfoCard(text("admin.title"), lines, text, small=[bounds_line(policy, text)])


def server_lines(
    rules: ServerRules, policy: Policy, month: MonthlyBudget, known_roles: Collection[int], text: Text
) -> Sequence[str]:
    daily = policy.daily if rules.daily is None else min(rules.daily, policy.bounds.daily)
    return [
        _mark_inherited(text("admin.daily", amount=daily), text, own=rules.daily is not None),
        month_line(month, text),
        *_gift_lines(rules, policy, text),
        *_role_lines(rules, policy, known_roles, text),
        *_member_lines(rules, policy, text),
    ]


def bounds_line(policy: Policy, text: Text) -> str:
    most = policy.bounds
    return text("admin.bounds", daily=most.daily, grant=most.grant, monthly=most.grants_monthly)


def _mark_inherited(line: str, text: Text, *, own: bool) -> str:
    return line if own else text("admin.inherited", line=line)


def month_line(month: MonthlyBudget, text: Text) -> str:
    resets = relative_timestamp(month.budget.until)
    if month.cap is None:
        return text("admin.uncapped", spent=month.spent, resets=resets)
    return text("admin.capped", spent=month.spent, cap=month.cap, resets=resets)


def _gift_lines(rules: ServerRules, policy: Policy, text: Text) -> Iterable[str]:
    if policy.gifts_daily:
        line = text("admin.gifts", amount=policy.gifts_of(rules))
        yield _mark_inherited(line, text, own=rules.gifts is not None)


def _role_lines(
    rules: ServerRules, policy: Policy, known_roles: Collection[int], text: Text
) -> Iterable[str]:
    for role, amount in sorted(rules.roles.items(), key=lambda item: -item[1]):
        yield text("admin.role", role=role, amount=min(amount, policy.bounds.daily))
    # The operator lists roles of every server, so those of other servers are left out.
    for role, amount in policy.roles.items():
        if role in known_roles and role not in rules.roles:
            yield _mark_inherited(text("admin.role", role=role, amount=amount), text, own=False)


def _member_lines(rules: ServerRules, policy: Policy, text: Text) -> Iterable[str]:
    for member, amount in sorted(rules.members.items(), key=lambda item: -item[1]):
        yield text("admin.member", member=mention(member), amount=min(amount, policy.bounds.daily))


def member_card(user_id: int, balance: Balance, terms: MemberTerms, text: Text) -> InfoCard:
    lines = [mention(user_id), *balance_lines(balance, terms, text)]
    return InfoCard(text("admin.member_title"), lines, text)


def models_card(cards: Mapping[str, ModelCard], rules: ServerRules, text: Text) -> InfoCard:
    lines = [
        text("models.off" if slug in rules.models_off else "models.on", title=card.title, slug=slug)
        for slug, card in cards.items()
    ]
    return InfoCard(text("models.title"), lines, text)
