"""The sentences that people read, in one catalogue per language, and which language is spoken just now."""

import tomllib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "es", "fr", "pt", "ja")
PHRASES = "phrases"
_WITH_POINT = (ENGLISH, "ja")

# Whoever is spoken to is known where an interaction arrives and where a job's message is drawn. A context
# variable carries it to every sentence in between, over tasks that are begun there, too.
_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


@lru_cache
def language_of(locale: str) -> str:
    """The language of a locale of Discord's, such as `es-419`; where it is not spoken here, English."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else ENGLISH


def spoken() -> str:
    """The language of whoever is spoken to."""
    return _spoken.get()


@contextmanager
def speaking(locale: str) -> Generator[None]:
    """Every sentence inside is said in the language of this locale."""
    before = _spoken.set(language_of(locale))
    try:
        yield
    finally:
        _spoken.reset(before)


class Text:
    """Sentences by key, in the language that is spoken: `text("end.paid", price=5)`.

    A sentence with forms for one and for several takes that of its `count`.
    """

    def __init__(self, catalogues: Mapping[str, Mapping[str, str]]) -> None:
        self._catalogues = catalogues

    @classmethod
    def load(cls) -> "Text":
        return cls({language: catalogue(language) for language in LANGUAGES})

    def __call__(self, key: str, /, **facts: Any) -> str:
        sentence = self._sentence(spoken(), key, facts)
        if sentence is None:
            # A sentence that is not translated yet is better read in English than not at all.
            sentence = self._sentence(ENGLISH, key, facts)
        if sentence is None:
            raise KeyError(key)
        return sentence.format(**facts)

    def phrase(self, words: str) -> str:
        """Words that stand in English where they belong, such as an option's description, translated."""
        return self._catalogues[spoken()].get(f"{PHRASES}.{words}", words)

    def number(self, value: float, digits: int) -> str:
        """With so many digits behind the sign that the language puts before them."""
        return f"{value:.{digits}f}".replace(".", "." if spoken() in _WITH_POINT else ",")

    def _sentence(self, language: str, key: str, facts: Mapping[str, Any]) -> str | None:
        sentences = self._catalogues[language]
        if (sentence := sentences.get(key)) is not None or "count" not in facts:
            return sentence
        return sentences.get(f"{key}.{form(language, facts['count'])}")


def form(language: str, count: float) -> str:
    """Which form a number takes: English has "1 credit" and "0 credits", French "0 crédit", Japanese one."""
    singular = {"ja": (), "fr": (0, 1)}.get(language, (1,))
    return "one" if count in singular else "other"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    source = files("bot.chat.text").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return dict(flat(source))


def flat(source: str) -> Iterator[tuple[str, str]]:
    """`[end] done = …` is the sentence `end.done`."""
    yield from _flat("", tomllib.loads(source))


def _flat(path: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from _flat(f"{path}{key}.", value)
