"""The catalogue has exactly the sentences that the code uses."""

import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import bot
import cogs
from bot.administration.access import AccessMode
from bot.administration.audit import AuditAction
from bot.chat.admin.spending import HEADINGS
from bot.chat.text import ENGLISH, Text, catalogue
from bot.chat.ui.states import JobState
from bot.ledger.server_rules import LIMIT_NAMES
from bot.moderation.approvals import Verdict
from bot.moderation.cases import Complaint

ENTRIES = catalogue(ENGLISH)
# A sentence with a count has two forms.
SENTENCES = {re.sub(r"\.(one|other)$", "", key) for key in ENTRIES}


@cache
def source() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for package in (bot, cogs)
        for path in Path(package.__path__[0]).rglob("*.py")
    )


def used() -> set[str]:
    return {
        key
        for pattern in (r'\btext\(\s*"([a-z]+\.[a-z_]+)"', r'"([a-z]+\.[a-z_]+)" if')
        for key in re.findall(pattern, source())
    }


def composed() -> set[str]:
    """Patterns of the keys with a name that the code fills in, such as f"cases.done_{step}"."""
    found = re.findall(r'\bf"([a-z]+\.[a-z_]*\{.*?\}\w*)"', source())
    return {re.sub(r"\{[^}]*\}", r"(\\w+)", key) for key in found}


def names() -> set[str]:
    """Strings of the code, and members of its enumerations."""
    strings = {string for line in source().splitlines() for string in re.findall(r'"([^"]*)"', line)}
    return strings | {name.lower() for name in re.findall(r"\b([A-Z_]+) = auto\(\)", source())}


def test_every_sentence_that_the_code_uses_exists() -> None:
    assert used() <= SENTENCES
    assert len(used()) > 20


def test_every_sentence_is_used() -> None:
    """Those of decisions are compared below, one by one."""
    found, patterns = names(), composed()

    def is_used(key: str) -> bool:
        filled = [match[1] for pattern in patterns if (match := re.fullmatch(pattern, key))]
        return key in found or any(name in found for name in filled)

    assert len(patterns) > 10
    assert [key for key in sorted(SENTENCES) if not key.startswith("audit.") and not is_used(key)] == []


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("state", set(JobState)),
        ("limit", set(LIMIT_NAMES)),
        ("complaint", set(Complaint)),
        ("pages", {"avatar", "history", "changes", "cases", "jobs", "server", "newer", "older", "empty"}),
        (
            "approval",
            {
                "title",
                "title_decided",
                "hidden",
                "stranger",
                "doubtful",
                "link",
                "marked",
                "may",
                "button_approved",
                "button_rejected",
            }
            | {Verdict.APPROVED, Verdict.REJECTED, Verdict.LAPSED},
        ),
        ("spend", {"title", "nothing", "alt", "presumed", "chart", "total"} | set(HEADINGS)),
        ("bound", {"grant", "daily", "monthly", "limit", "gifts", "event"}),
        (
            "audit",
            (
                set(AuditAction)
                - {AuditAction.MODEL, AuditAction.CHANNEL, AuditAction.ENTRY, AuditAction.APPROVAL}
            )
            | {
                f"{action}_unset"
                for action in (
                    AuditAction.DAILY,
                    AuditAction.ROLE,
                    AuditAction.CAP,
                    AuditAction.GIFTS,
                    AuditAction.LIMIT,
                )
            }
            | {f"{action}_{use}" for action in (AuditAction.CHANNEL, AuditAction.ENTRY) for use in AccessMode}
            | {"defaults_unset", "log_unset", "showcase_unset", "approval_on", "approval_off"}
            | {"approval_own_on", "approval_own_off"}
            | {"approval_strangers_on", "approval_strangers_off"}
            | {"model_on", "model_off", "daily_member", "daily_member_unset", "unknown", "why"},
        ),
    ],
)
def test_a_section_of_names_has_each_of_them_and_no_others(section: str, names: set[str]) -> None:
    assert {key.partition(".")[2] for key in SENTENCES if key.startswith(f"{section}.")} == names


def test_a_sentence_is_filled_in_by_name() -> None:
    assert (
        Text.load()("refused.waiting", count=5)
        == "You already have 5 jobs in line. Try again when one of them is done."
    )


def test_each_sentence_can_be_filled_in() -> None:
    for key, sentence in ENTRIES.items():
        names = [name for _, name, _, _ in Formatter().parse(sentence) if name is not None]
        assert all(name.isidentifier() for name in names), key
        assert sentence.strip() == sentence != "", key
