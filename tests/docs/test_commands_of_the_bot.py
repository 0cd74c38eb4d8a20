"""Every command in the pages exists in Discord, and the pages describe every command."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.chat.text import ENGLISH, catalogue
from bot.chat.ui.states import JobState
from tests.docs.pages import PAGES, page
from tests.harness import MODELS, Stage
from tests.segmind_docs import PRICES

MEMBERS, ADMINISTRATORS = page("docs/members.md"), page("docs/administrators.md")
ENGLISH_WORDS = catalogue(ENGLISH)


def typed_names(command: Mapping[str, Any], before: str = "/") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every command that can be sent, with its description; groups themselves cannot be sent."""
    name = f"{before}{command['name']}"
    inner = [option for option in command.get("options", []) if option["type"] in {1, 2}]
    if not inner:
        yield name, command
    for option in inner:
        yield from typed_names(option, f"{name} ")


async def commands(stage: Stage) -> dict[str, Mapping[str, Any]]:
    tree = stage.app.client.tree
    payloads = [command.to_dict(tree) for command in tree.get_commands()]
    return {
        name: each
        for command in payloads
        if command.get("type", 1) == 1
        for name, each in typed_names(command)
    }


async def test_every_command_is_on_the_page_of_its_users(stage: Stage) -> None:
    for name in await commands(stage):
        page_ = ADMINISTRATORS if name.startswith("/admin") else MEMBERS
        assert any(word.startswith(name) for word in page_.words), name


async def test_every_command_in_the_pages_exists_in_discord(stage: Stage) -> None:
    there = await commands(stage)
    groups = {part for name in there for part in (name.partition(" ")[0], name.rpartition(" ")[0])}
    for each in PAGES.values():
        for word in each.words:
            if re.match(r"/[a-z][a-z0-9-]*( |$)", word) and "." not in word.partition(" ")[0]:
                name = re.sub(r" [a-z_]+:.*$", "", word)
                if name in {"/metrics", "/healthz", "/readyz", "/page"}:
                    continue
                assert name in there or name in groups, f"{each.name}: {word}"
                options = {option["name"] for option in there.get(name, {}).get("options", [])}
                assert set(re.findall(r" ([a-z_]+):", word)) <= options, f"{each.name}: {word}"


@pytest.mark.parametrize("slug", MODELS)
def test_the_readme_names_each_model_with_its_price_and_its_time(slug: str) -> None:
    (row,) = re.findall(rf"(?m)^\| `/{slug}` \|.+$", page("README.md").text)
    card = MODELS[slug].card
    time = f"{card.seconds:.0f} s" if card.seconds < 100 else f"{card.seconds / 60:.0f} min"
    assert f"| {PRICES[slug]} " in row
    assert row.endswith(f"| {time} |")


@pytest.mark.parametrize("part", ["buttons", "cases"])
def test_buttons_and_words_of_a_card_are_those_that_members_see(part: str) -> None:
    bold = set(re.findall(r"\*\*([^*]+)\*\*", MEMBERS.text + ADMINISTRATORS.text))
    buttons = {
        "buttons": [key for key in ENGLISH_WORDS if key.startswith("buttons.") and not key.endswith("_note")],
        "cases": [f"cases.{step}" for step in ("remove", "never", "block", "refund", "dismiss")],
    }[part]
    for key in buttons:
        assert ENGLISH_WORDS[key] in bold, key


@pytest.mark.parametrize("state", JobState)
def test_every_state_of_a_job_is_explained_with_its_icon(state: JobState) -> None:
    assert f"{state.icon} **{ENGLISH_WORDS[f'state.{state}']}**" in MEMBERS.text
