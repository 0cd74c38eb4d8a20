"""The sentences that people read, in one catalogue per language."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any


class Text:
    """Sentences by key: `text("done.paid", price=5)`."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self._sentences = sentences

    @classmethod
    def load(cls, language: str = "en") -> "Text":
        source = files("bot.chat.text").joinpath(f"{language}.toml").read_text(encoding="utf-8")
        return cls(dict(flat(source)))

    def __call__(self, key: str, /, **facts: Any) -> str:
        return self._sentences[key].format(**facts)


def flat(catalogue: str) -> Iterator[tuple[str, str]]:
    """`[end] done = …` is the sentence `end.done`."""
    sections: Mapping[str, str | Mapping[str, str]] = tomllib.loads(catalogue)
    for key, value in sections.items():
        if isinstance(value, str):
            yield key, value
        else:
            yield from ((f"{key}.{inner}", sentence) for inner, sentence in value.items())
