"""Words on buttons, in forms and in lists fit Discord and a phone, in every language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from unicodedata import east_asian_width

import pytest

import bot.chat
from bot.chat.text import LANGUAGES, PHRASES, catalogue

# Discord's guidelines for a button with an icon; a longer label is cut on a phone.
# https://discord.com/developers/docs/components/reference#button-button-design-guidelines
BUTTON = 34
FORM_TITLE = FIELD = 45
CHOICE = NOTE = 100
# A heading wraps on a phone after about 25 letters, and two lines are enough for it.
HEADING = 50
# What a member reads at a glance. Longer sentences hide the one that says what to do.
ERROR = 300

# Kinds of sentences by the beginning of their keys; the longest one that fits counts.
LIMITS = {
    "buttons.": BUTTON,
    "buttons.other_model": CHOICE,
    "buttons.same_seed": CHOICE,
    "buttons.same_seed_note": NOTE,
    "buttons.more": CHOICE,
    "approval.button_": BUTTON,
    "avatar.remove": BUTTON,
    "cases.block": BUTTON,
    "cases.dismiss": BUTTON,
    "cases.never": BUTTON,
    "cases.note": BUTTON,
    "cases.note_field": FIELD,
    "cases.refund": BUTTON,
    "cases.remove": BUTTON,
    "complaint.": CHOICE,
    "consent.agree": BUTTON,
    "consent.policy": BUTTON,
    "face_form.several": NOTE,
    "help.balance": BUTTON,
    "help.faces": BUTTON,
    "help.jobs": BUTTON,
    "help.privacy": BUTTON,
    "help.swap": BUTTON,
    "kind.": NOTE,
    "media.": ERROR,
    "pages.newer": BUTTON,
    "pages.older": BUTTON,
    "panel.": CHOICE,
    "panel.closed_log": ERROR,
    "panel.step_": ERROR,
    "panel.too_many": ERROR,
    "path.": CHOICE,
    "picker.page": BUTTON,
    "picker.place": CHOICE,
    "picker.places": ERROR,
    "picker.send": BUTTON,
    "picker.stays": CHOICE,
    "picker.title": FORM_TITLE,
    "event.all": CHOICE,
    "panel.amount": FIELD,
    "panel.approve_off": BUTTON,
    "panel.approve_on": BUTTON,
    "panel.back": BUTTON,
    "panel.cap": BUTTON,
    "panel.cases": BUTTON,
    "panel.change": BUTTON,
    "panel.changes": BUTTON,
    "panel.choose": CHOICE,
    "panel.credits_amount": FIELD,
    "panel.daily": BUTTON,
    "panel.delete_data": BUTTON,
    "panel.empty_resets": CHOICE,
    "panel.for_channel": CHOICE,
    "panel.for_role": CHOICE,
    "panel.forgive": BUTTON,
    "panel.gifts": BUTTON,
    "panel.discount": FIELD,
    "panel.end": BUTTON,
    "panel.event_cap": FIELD,
    "panel.hours": FIELD,
    "panel.job": FIELD,
    "panel.member": BUTTON,
    "panel.member_daily": CHOICE,
    "panel.member_grant": CHOICE,
    "panel.member_show": CHOICE,
    "panel.member_take": CHOICE,
    "panel.mib": FIELD,
    "panel.next": BUTTON,
    "panel.no": CHOICE,
    "panel.open": BUTTON,
    "panel.own_off": BUTTON,
    "panel.own_on": BUTTON,
    "panel.pictures_off": BUTTON,
    "panel.pictures_on": BUTTON,
    "panel.previous": BUTTON,
    "panel.reason": FIELD,
    "panel.refund": FIELD,
    "panel.refund_pick": CHOICE,
    "panel.refund_note": CHOICE,
    "panel.reset": BUTTON,
    "panel.role": BUTTON,
    "panel.roles_only": CHOICE,
    "panel.seconds": FIELD,
    "panel.showcase": CHOICE,
    "panel.spend": BUTTON,
    "panel.start": BUTTON,
    "panel.what": FIELD,
    "panel.which_member": FIELD,
    "panel.which_role": FIELD,
    "panel.yes": CHOICE,
    "privacy.delete_button": BUTTON,
    "refused.": ERROR,
    "report.complaint": FIELD,
    "report.details": FIELD,
    "server_data.button": BUTTON,
    "state.": FIELD,
    "swap.": FIELD,
    "swap.title": FORM_TITLE,
    "takedown.button_": BUTTON,
    "welcome.open": BUTTON,
    "welcome.setup": BUTTON,
}
# What Discord draws as a button, a field, a choice or a form. `button` makes the buttons of a job.
COMPONENT = re.compile(r".*(Button|Label|Select|SelectOption|TextInput|Form|Modal)|add_option|button")


def limit_of(key: str) -> int | None:
    fitting = [start for start in LIMITS if key.startswith(start)]
    if fitting:
        return LIMITS[max(fitting, key=len)]
    return HEADING if re.search(r"\.(\w+_)?title(_\w+)?(\.\w+)?$", key) else None


def width(words: str) -> int:
    """Columns on the screen: a Japanese letter takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in words)


def component_keys() -> Iterator[str]:
    """The sentences that the code hands to a component."""
    for path in Path(bot.chat.__path__[0]).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            named = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            if COMPONENT.fullmatch(named):
                yield from (
                    found for each in given for found in re.findall(r"text\(f?'(\w+\.\w*)", ast.unparse(each))
                )


def test_every_sentence_on_a_component_has_a_limit() -> None:
    keys = set(component_keys())
    assert len(keys) > 15
    # A key such as f"cases.{step}" is known by its beginning.
    assert {
        key for key in keys if not any(limit.startswith(key) for limit in LIMITS) and not limit_of(key)
    } == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_short_enough_for_its_place(language: str) -> None:
    sentences = {
        key: sentence for key, sentence in catalogue(language).items() if not key.startswith(f"{PHRASES}.")
    }
    too_long = {
        key: (limit, width(sentence))
        for key, sentence in sentences.items()
        if (limit := limit_of(key)) is not None
        and (len(sentence) if limit == ERROR else width(sentence)) > limit
    }
    assert too_long == {}


def test_every_limit_is_needed() -> None:
    assert {start for start in LIMITS if not any(key.startswith(start) for key in catalogue("en"))} == set()
