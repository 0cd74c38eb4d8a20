"""Checks of bodies against Discord's API description, and when a body is checked again."""

from typing import Any

import pytest

from tests.discord.spec import DEFAULT_PATH, Spec

ANSWER = "/interactions/{interaction_id}/{interaction_token}/callback"
EDIT = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


@pytest.fixture
def spec() -> Spec:
    if (found := Spec.find()) is None:
        pytest.skip(f"Discord's description is not at hand, neither at {DEFAULT_PATH} nor elsewhere")
    return found


def edit(spec: Spec, **body: Any) -> list[str]:
    return spec.check_request("PATCH", EDIT, "application/json", body)


def test_an_invalid_body_is_reported(spec: Spec) -> None:
    assert edit(spec, content="3 s") == []
    assert edit(spec, content=3) != []
    assert edit(spec, content="x" * 5000) != []
    assert spec.check_request("POST", ANSWER, "application/json", {"type": 5}) == []
    (unknown,) = spec.check_request("POST", "/nowhere", "application/json", {})
    assert unknown.endswith("of /nowhere")


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"content": "4 s"}, {"content": 4}),
        ({"content": "a"}, {"content": "a" * 5000}),
        ({"components": []}, {"components": [1]}),
        ({"flags": 4}, {"flags": "4"}),
        ({"content": None}, {"content": {"number": "k"}}),
    ],
    ids=["a number for a word", "a longer word", "another list", "a word for a number", "a thing"],
)
def test_only_bodies_that_differ_in_their_digits_are_taken_as_compared(
    spec: Spec, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    assert edit(spec, **good) == []
    assert edit(spec, **bad) != []
    assert edit(spec, **good) == []
