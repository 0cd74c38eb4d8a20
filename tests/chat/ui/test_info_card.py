"""Info cards keep Discord's limits with any content, and foreign text is safe on them."""

from dataclasses import replace

import pytest
from discord import ui
from hypothesis import given
from hypothesis import strategies as st

from bot.administration.credits import JobSummary
from bot.chat.account.credits_cards import prices_card
from bot.chat.admin.autocomplete import CHOICES, NAME_LIMIT, job_choices, model_choices
from bot.chat.admin.cards import MonthlyBudget, models_card, server_card
from bot.chat.admin.spending import SpendingPeriod, spend_card
from bot.chat.text import Text
from bot.chat.ui.info_card import BODY_LIMIT, InfoCard, as_code, fit_lines, sanitize
from bot.jobs.job import State, short_id
from bot.ledger.budgets import Budget, Scope
from bot.ledger.ledger import Spending
from bot.ledger.policy import Policy, Prices
from bot.ledger.server_rules import ServerRules
from bot.registry import model_registry
from tests.chat.delivery.test_cards import keeps_bounds, words

TEXT = Text.load()
CARD = next(iter(model_registry("cogs").values())).card
MANY = {f"model-{number}": replace(CARD, slug=f"model-{number}", title="T" * 80) for number in range(60)}
MONTH = MonthlyBudget(Budget(Scope.SERVER, 0, 2_678_400, guild_id=1), spent=10**12, cap=10**12)


@given(st.lists(st.text(max_size=300), max_size=200))
def test_lines_that_do_not_fit_are_counted(lines: list[str]) -> None:
    shown = fit_lines(lines, BODY_LIMIT, TEXT)
    assert len(shown) <= BODY_LIMIT
    assert keeps_bounds(InfoCard("x" * 500, lines, TEXT, small=["small"]))
    if shown != "\n".join(lines):
        *kept, last = shown.rsplit("\n", 1)
        assert last == f"… and {len(lines) - len(kept and lines[: _count(lines, kept[0])])} more"


def _count(lines: list[str], shown: str) -> int:
    """Number of whole lines in the text that is shown."""
    return next(count for count in range(1, len(lines) + 1) if "\n".join(lines[:count]) == shown)


@given(st.text(max_size=400))
def test_foreign_text_stays_inside_its_code_span(said: str) -> None:
    kept = sanitize(said)
    assert len(kept) <= 100
    assert "`" not in kept
    assert kept.isprintable()
    assert as_code(said, 100) in {"", f"`{kept}`"}


def test_characters_that_change_the_direction_of_writing_are_removed() -> None:
    assert sanitize("a\u202eb\nc\u2066") == "a b c"


@pytest.mark.parametrize(
    "view",
    [
        prices_card(MANY.values(), Prices().unit, TEXT),
        models_card(MANY, ServerRules(), TEXT),
        server_card(
            ServerRules(roles={10**18 + n: 500 for n in range(250)}),
            Policy(roles={10**17 + n: 10**6 for n in range(250)}),
            MONTH,
            [10**17 + n for n in range(250)],
            TEXT,
        ),
        spend_card(
            SpendingPeriod(
                365, 0, 1, [Spending(0, slug, 1, 10**9, 10**9, 10**6, 10**9, 10**9) for slug in MANY]
            ),
            MONTH,
            None,
            MANY,
            TEXT,
        ),
    ],
    ids=["prices", "models", "server", "spending"],
)
def test_sixty_models_and_hundreds_of_roles_keep_discords_bounds(view: ui.LayoutView) -> None:
    assert keeps_bounds(view)
    assert words(view)


def test_choices_keep_discords_bounds() -> None:
    jobs = [JobSummary(f"{number:023}", "model-1", 10**18, State.DONE, 5, 0.0) for number in range(100)]
    names = {10**18: "`" * 20 + "\n" + "n" * 80}
    found = job_choices(jobs, names, MANY, "", TEXT)
    assert len(found) == CHOICES
    assert all(
        len(choice.name) <= NAME_LIMIT and choice.name.endswith(short_id(choice.value)) for choice in found
    )
    offered = model_choices(MANY, "")
    assert len(offered) == CHOICES
    assert all(1 <= len(choice.name) <= NAME_LIMIT for choice in offered)


def test_a_member_without_a_known_name_is_offered_by_id() -> None:
    (found,) = job_choices([JobSummary("j", CARD.slug, 77, State.HELD, 5, 0.0)], {}, {}, "77 wait", TEXT)
    assert found.name == f"{CARD.slug} · 77 · ⏳ Waiting in line · j"
