"""The small Discord rejects what Discord rejects; otherwise the tests on it would prove nothing."""

from typing import Any

import pytest

from tests.discord import rules
from tests.discord.spec import PATH_VARIABLE, Spec

V2 = rules.COMPONENTS_V2
EDIT = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
COMMANDS = "/applications/{application_id}/commands"


def text(length: int = 1) -> dict[str, Any]:
    return {"type": rules.TEXT_DISPLAY, "content": "x" * length}


def option(name: str, **more: Any) -> dict[str, Any]:
    return {"type": 3, "name": name, "description": "An option", **more}


def command(*options: dict[str, Any], name: str = "swap") -> dict[str, Any]:
    return {"name": name, "description": "A command", "options": list(options)}


def gallery(name: str) -> dict[str, Any]:
    return {"type": 12, "items": [{"media": {"url": f"attachment://{name}"}}]}


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([command(option("a"), option("b", required=True))], "required option comes after"),
        ([command(name="Swap")], "is no name"),
        ([command(option("Face"))], "is no name"),
        ([command(option("a b"))], "is no name"),
        ([command(option("a", description="x" * 101))], "1 to 100"),
        ([command(option("a"), option("a"))], "same name"),
        ([command(*[option(f"o{number}") for number in range(26)])], "26 options"),
        (
            [command(option("a", choices=[{"name": f"{n}", "value": f"{n}"} for n in range(26)]))],
            "26 choices",
        ),
        ([command(option("a", choices=[{"name": "x" * 4000, "value": "y" * 4001}]))], "characters in all"),
        ([command(), command()], "two commands"),
    ],
)
def test_commands_that_discord_refuses_are_found(listed: list[dict[str, Any]], words: str) -> None:
    (problem,) = rules.commands(listed)
    assert words in problem


def test_a_command_as_discord_takes_it_has_no_problem() -> None:
    listed = [command(option("a", required=True), option("b")), command(name="face-swap_v5")]
    assert list(rules.commands(listed)) == []


@pytest.mark.parametrize(
    ("body", "attached", "words"),
    [
        ({"components": [text()]}, [], "without their flag"),
        ({"components": [text()], "flags": V2, "content": "words"}, [], "content beside"),
        ({"components": [text()], "flags": V2, "embeds": [{"title": "x"}]}, [], "embeds beside"),
        ({"components": [text(2001), text(2000)], "flags": V2}, [], "4001 characters"),
        ({"components": [{"type": 17, "components": [text()] * 40}], "flags": V2}, [], "41 components"),
        ({"components": [gallery("a.png")], "flags": V2}, [], "a.png is shown, but not attached"),
        ({"components": [text()], "flags": V2}, ["a.png"], "a.png is attached, but not shown"),
    ],
)
def test_messages_that_discord_refuses_are_found(
    body: dict[str, Any], attached: list[str], words: str
) -> None:
    (problem,) = rules.message(body, attached=attached)
    assert words in problem


def test_a_message_of_the_new_kind_stays_one() -> None:
    assert list(rules.message({"components": [text()]}, is_v2=True)) == []
    assert list(rules.message({"content": "words"}, is_v2=True)) == [
        "content beside the new kind of components"
    ]


def test_calls_are_checked_against_discords_description() -> None:
    if (spec := Spec.find()) is None:
        pytest.skip(f"Discord's description is not at hand: name it in {PATH_VARIABLE}")
    json = "application/json"
    shown = {"components": [text()], "flags": V2, "attachments": [{"id": 0, "filename": "a.png"}]}
    assert spec.check_request("PATCH", EDIT, json, shown) == []
    assert spec.check_request("PATCH", EDIT, "multipart/form-data", shown | {"files[0]": "a.png"}) == []
    (problem,) = spec.check_request(
        "PATCH", EDIT, json, {"attachments": [{"id": "0", "description": "x" * 1025}]}
    )
    assert "attachments/0/description" in problem
    assert spec.check_request("PATCH", EDIT, json, {"components": [{"type": 17, "components": []}]})
    assert spec.check_request("PUT", COMMANDS, json, [command(option("a", description=""))])
    assert spec.check_request("PUT", COMMANDS, "text/plain", [])
