"""The slash command of every model, as Discord receives it."""

from collections.abc import Mapping
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.chat.interactions import Interaction
from bot.chat.orders.slash_command import (
    DISPLAY_OPTIONS,
    INTEGER_LIMIT,
    VIDEO_OPTIONS,
    FaceChoices,
    command_for,
)
from bot.registry import model_registry
from tests.segmind_docs import FILES, MODELS

REGISTRY = model_registry("cogs")
KINDS = {str: 3, int: 4, float: 10}
BOOLEAN, ATTACHMENT = 5, 11


async def never_run(*_: Any) -> None:
    raise AssertionError("no command is run here")


async def never_typed(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    raise AssertionError(f"{interaction} {typed}: nobody types here")


@pytest.fixture(params=MODELS)
def slug(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def payload(slug: str) -> dict[str, Any]:
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    return command_for(REGISTRY[slug], never_run, price="13 credits").to_dict(tree)


def test_a_command_has_the_name_of_its_model(slug: str, payload: dict[str, Any]) -> None:
    assert payload["name"] == slug


def test_a_description_ends_with_the_price(payload: dict[str, Any]) -> None:
    assert payload["description"].endswith(" · 13 credits")


def test_a_price_that_does_not_fit_is_left_out_whole(slug: str) -> None:
    model, tree = REGISTRY[slug], app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    payload = command_for(model, never_run, price="9" * 100).to_dict(tree)
    assert payload["description"] == f"{model.card.title}: {model.card.summary}"


def display_options(slug: str) -> Mapping[str, str]:
    return VIDEO_OPTIONS if slug == "ai-face-swap" else DISPLAY_OPTIONS


def test_a_command_offers_every_parameter_except_transport_and_the_display_options(
    slug: str, payload: dict[str, Any]
) -> None:
    display = display_options(slug)
    assert {option["name"] for option in payload["options"]} == (set(MODELS[slug]) - {"base64"}) | set(
        display
    )
    wishes = payload["options"][-len(display) :]
    assert [(each["name"], each["type"], each["required"]) for each in wishes] == [
        (name, BOOLEAN, False) for name in display
    ]


def test_options_have_the_documented_types_ranges_and_choices(slug: str, payload: dict[str, Any]) -> None:
    for option in payload["options"][: -len(display_options(slug))]:
        documented = MODELS[slug][option["name"]]
        is_file = option["name"] in FILES[slug]
        assert option["type"] == (ATTACHMENT if is_file else KINDS[documented.type])
        assert option["required"] is documented.required
        assert {choice["value"] for choice in option.get("choices", [])} == set(documented.choices)
        if option["type"] in (KINDS[int], KINDS[float]):
            low, high = documented.range or (-INTEGER_LIMIT, INTEGER_LIMIT)
            assert (option["min_value"], option["max_value"]) == (low, high)


def test_choices_stand_in_the_order_of_their_own_model() -> None:
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    # Other models offer the same choices in another order.
    for model in REGISTRY.values():
        payload = command_for(model, never_run, price="13 credits").to_dict(tree)
        assert {
            option["name"]: [choice["value"] for choice in option["choices"]]
            for option in payload["options"]
            if "choices" in option
        } == {each.name: list(each.choices) for each in model.parameters() if each.choices}


@pytest.mark.parametrize("face_choices", [None, never_typed], ids=["files", "saved faces"])
def test_commands_keep_discords_bounds(slug: str, face_choices: FaceChoices | None) -> None:
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))
    command = command_for(REGISTRY[slug], never_run, price="13 credits", face_choices=face_choices)
    payload = command.to_dict(tree)
    options = payload["options"]
    required = [option["required"] for option in options]
    texts = [payload["name"], payload["description"]]
    for option in options:
        texts += [option["name"], option["description"]]
        texts += [choice["name"] + str(choice["value"]) for choice in option.get("choices", [])]
        assert 1 <= len(option["description"]) <= 100
        assert 1 <= len(option["name"]) <= 32
        assert option["name"] == option["name"].lower()
    assert len(options) <= 25
    assert required == sorted(required, reverse=True)
    assert 1 <= len(payload["description"]) <= 100
    assert sum(map(len, texts)) <= 8000
