"""The page parses texts, hashes files and describes commands once, and shows the same as without that."""

import hashlib
from typing import Any

import pytest
from simcord.preview import _assets, _commands, _markdown, _pages  # pyright: ignore[reportPrivateUsage]
from simcord.preview._markdown import markdown_tokens  # pyright: ignore[reportPrivateUsage]

from bot.sandbox.quick_preview import quick_preview

NAMES = {"users": {"1": "Robin"}}
TEXTS = ["**Done** in <t:1780000000:R>", "For <@1>: ||hidden||", "`/swap`", "-# small"]


def shown() -> list[Any]:
    return [
        markdown_tokens(text, profile, context=context)
        for text in TEXTS
        for profile in ("message", "text_display", "embed_title")
        for context in (None, NAMES)
    ]


def test_texts_look_the_same_and_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = shown()
    made: list[object] = []
    original = _markdown._markdown_parser  # pyright: ignore[reportPrivateUsage]

    def counted(*terms: Any) -> Any:
        made.append(terms)
        return original(*terms)

    monkeypatch.setattr(_markdown, "_markdown_parser", counted)
    with quick_preview():
        assert shown() == usual
        parsers = len(made)
        assert parsers < len(usual)
        assert shown() == usual
        assert len(made) == parsers
    assert _markdown._markdown_parser is counted  # pyright: ignore[reportPrivateUsage]


def test_commands_are_described_once_until_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    described: list[str] = []
    original = _commands.entry_for_leaf

    def counted(command: Any, path: Any, leaf: Any) -> Any:
        described.append(command["description"])
        return original(command, path, leaf)

    def entry_of(command: Any) -> Any:
        return _commands.entry_for_leaf(command, ["swap"], command)

    monkeypatch.setattr(_commands, "entry_for_leaf", counted)
    swap = {"id": "1", "name": "swap", "description": "Swap a face"}
    with quick_preview():
        assert entry_of(swap) == entry_of(swap) == original(swap, ["swap"], swap)
        changed = {**swap, "description": "Swap faces"}
        assert entry_of(changed) == original(changed, ["swap"], changed)
    assert described == ["Swap a face", "Swap faces"]
    assert _commands.entry_for_leaf is counted


@pytest.mark.parametrize("module", [_assets, _pages])
def test_files_are_hashed_once(module: Any) -> None:
    file = b"a picture"
    with quick_preview():
        assert module.hashlib.sha256(file) is module.hashlib.sha256(file)
        assert module.hashlib.sha256(file).hexdigest() == hashlib.sha256(file).hexdigest()
    assert module.hashlib is hashlib
