"""Sentences about administrators' decisions, for the reply to a command and for the list of changes."""

from collections.abc import Mapping
from typing import Any

from bot.administration.audit import REASON_LIMIT, AuditAction
from bot.chat.admin.defaults_card import option_words, scope_words
from bot.chat.admin.limits import limit_name, limit_words
from bot.chat.text import Text
from bot.chat.ui.card import GREEN, credits_words, relative_timestamp
from bot.chat.ui.event_card import offer_words
from bot.chat.ui.info_card import InfoCard, as_code, mention_or_unknown
from bot.chat.ui.labels import person, title_of
from bot.jobs.job import short_id
from bot.ledger.ledger import AuditEntry
from bot.models import ModelCard


def audit_card(
    audit_entry: AuditEntry, cards: Mapping[str, ModelCard], text: Text, *more_lines: str
) -> InfoCard:
    return InfoCard(text("admin.done"), [describe(audit_entry, cards, text), *more_lines], text, colour=GREEN)


def audit_line(audit_entry: AuditEntry, cards: Mapping[str, ModelCard], text: Text) -> str:
    when, actor = relative_timestamp(audit_entry.at), person(audit_entry.actor, text)
    return text("admin.change", when=when, actor=actor, what=describe(audit_entry, cards, text))


def describe(audit_entry: AuditEntry, cards: Mapping[str, ModelCard], text: Text) -> str:
    """Describe a decision in a sentence."""
    if audit_entry.action not in set(AuditAction):
        return text("audit.unknown", action=as_code(audit_entry.action, REASON_LIMIT))
    facts = audit_entry.facts
    what = text(f"audit.{_sentence_key(audit_entry.action, facts)}", **_facts(facts, cards, text))
    why = as_code(str(facts.get("reason", "")), REASON_LIMIT)
    return text("audit.why", what=what, why=why) if why else what


def _sentence_key(action: str, facts: Mapping[str, Any]) -> str:
    match action:
        case AuditAction.MODEL:
            return "model_on" if facts.get("on") else "model_off"
        case AuditAction.DAILY | AuditAction.ROLE | AuditAction.CAP | AuditAction.GIFTS | AuditAction.LIMIT:
            member = "_member" if "member" in facts else ""
            unset = "_unset" if facts.get("amount") is None else ""
            return f"{action}{member}{unset}"
        case AuditAction.CHANNEL | AuditAction.ENTRY:
            return f"{action}_{facts.get('use')}"
        case AuditAction.APPROVAL:
            about = next((f"{name}_" for name in ("own", "strangers") if name in facts), "")
            is_on = any(facts.get(name) for name in ("on", "own", "strangers"))
            return f"approval_{about}on" if is_on else f"approval_{about}off"
        case AuditAction.DEFAULTS:
            return "defaults" if facts.get("options") else "defaults_unset"
        case AuditAction.LOG | AuditAction.SHOWCASE:
            return action if facts.get("channel") is not None else f"{action}_unset"
        case _:
            return action


def _facts(facts: Mapping[str, Any], cards: Mapping[str, ModelCard], text: Text) -> dict[str, str]:
    amount, limit = facts.get("amount"), facts.get("limit")
    return {
        "credits": credits_words(amount or 0, text),
        "member": mention_or_unknown(facts.get("member", 0), text),
        "role": f"<@&{facts.get('role', 0)}>",
        "channel": f"<#{facts.get('channel') or 0}>",
        "offer": offer_words(facts.get("models", []), facts.get("discount", 0), cards, text),
        "hours": str(facts.get("hours", "")),
        "scope": scope_words(facts, text),
        "options": option_words(facts.get("options", {})),
        "job": as_code(short_id(str(facts.get("job", ""))), REASON_LIMIT),
        "model": title_of(str(facts.get("model", "")), cards),
        "limit": limit_name(limit, text) if limit else "",
        "amount": limit_words(limit, amount, text) if limit and amount is not None else "",
    }
