"""Keeps SimCord's page quick.

Without this, each edit parses all messages, hashes all files and describes all commands again.
"""

import hashlib
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from simcord.preview import _assets, _commands, _markdown, _pages  # pyright: ignore[reportPrivateUsage]

# One parser for each kind of text and each set of names that it may mention.
MAX_PARSERS, MAX_TEXTS = 500, 500
# Files of the fifty messages that the page shows. Python keeps the key's own hash with its bytes.
MAX_FILES = 500
MAX_COMMANDS = 500


class _Parser:
    """Remembers the texts that it has parsed. SimCord only reads the tokens."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._parsed = lru_cache(MAX_TEXTS)(self._parse)

    def parse(self, text: str, env: Mapping[str, Any]) -> Any:
        del env  # SimCord's rules take the context from the parser itself.
        return self._parsed(text, inline=False)

    def parseInline(self, text: str, env: Mapping[str, Any]) -> Any:  # noqa: N802 - markdown-it's name
        del env
        return self._parsed(text, inline=True)

    def _parse(self, text: str, *, inline: bool) -> Any:
        return self._parser.parseInline(text, {}) if inline else self._parser.parse(text, {})


class _Hashes:
    """The part of `hashlib` that identifies files."""

    def __init__(self) -> None:
        self.sha256 = lru_cache(MAX_FILES)(hashlib.sha256)


class _Itself:
    """A key that equals only itself. SimCord replaces a command that changes."""

    def __init__(self, command: Mapping[str, Any]) -> None:
        self.command = command

    def __hash__(self) -> int:
        return id(self.command)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.command is other.command


def _remembering(describe: Any) -> Any:
    """Describe each command once, in place of a function that does it each time."""

    @lru_cache(MAX_COMMANDS)
    def described(command: _Itself, path: tuple[str, ...], leaf: _Itself) -> dict[str, Any]:
        return describe(command.command, list(path), leaf.command)

    def remembered(command: Mapping[str, Any], path: list[str], leaf: Mapping[str, Any]) -> dict[str, Any]:
        return dict(described(_Itself(command), tuple(path), _Itself(leaf)))

    return remembered


@contextmanager
def quick_preview() -> Generator[None]:
    """Share parsers, hashes and commands between SimCord's renderings, which it has no means to do."""
    describe = _commands.entry_for_leaf
    original = _markdown._markdown_parser  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    @lru_cache(MAX_PARSERS)
    def parser_for(terms: str) -> _Parser:
        return _Parser(original(*json.loads(terms)))

    def shared(policy: Mapping[str, Any], context: Mapping[str, Any]) -> _Parser:
        return parser_for(json.dumps([policy, context], sort_keys=True))

    _markdown._markdown_parser = shared  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    _set_hashes(_Hashes())
    _commands.entry_for_leaf = _remembering(describe)
    try:
        yield
    finally:
        _commands.entry_for_leaf = describe
        _set_hashes(hashlib)
        _markdown._markdown_parser = original  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _set_hashes(hashes: Any) -> None:
    for module in (_pages, _assets):
        vars(module)["hashlib"] = hashes
