"""Every sentence that members read, one catalogue per language, and the current language."""

import hashlib
import tomllib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de", "es", "fr", "pt", "ja")
PHRASES = "phrases"
_DECIMAL_POINT = (ENGLISH, "ja")

# The language is set where an interaction arrives and where a job's message is drawn. A context variable
# carries it to every sentence in between, and into the tasks that start there.
_language: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


@lru_cache
def language_of(locale: str) -> str:
    """Language of one of Discord's locales, such as `es-419`; English if there is no catalogue for it."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else ENGLISH


def current_language() -> str:
    """Language of the member who reads the next sentence."""
    return _language.get()


@contextmanager
def speaking(locale: str) -> Generator[None]:
    """Use the language of this locale for every sentence inside the block."""
    before = _language.set(language_of(locale))
    try:
        yield
    finally:
        _language.reset(before)


class Text:
    """Sentences by key, in the current language: `text("end.paid", price=5)`.

    If a sentence has a singular and a plural form, its `count` decides between them.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        """`sources`: the catalogue of each language as TOML, which is parsed at its first use."""
        self._sources = sources

    @classmethod
    @cache
    def load(cls) -> "Text":
        return cls({language: source(language) for language in LANGUAGES})

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all sentences."""
        sources = (part for source in sorted(self._sources.items()) for part in source)
        return hashlib.sha256("\0".join(sources).encode()).hexdigest()

    def __call__(self, key: str, /, **facts: Any) -> str:
        sentence = self._sentence(current_language(), key, facts)
        if sentence is None:
            # English is better than no sentence where a translation is missing.
            sentence = self._sentence(ENGLISH, key, facts)
        if sentence is None:
            raise KeyError(key)
        return sentence.format(**facts)

    def phrase(self, words: str) -> str:
        """Translate words that the code holds in English, such as the description of an option."""
        return self._catalogue(current_language()).get(f"{PHRASES}.{words}", words)

    def number(self, value: float, digits: int) -> str:
        """Round to `digits`, with the decimal separator of the current language."""
        return f"{value:.{digits}f}".replace(".", "." if current_language() in _DECIMAL_POINT else ",")

    def _sentence(self, language: str, key: str, facts: Mapping[str, Any]) -> str | None:
        sentences = self._catalogue(language)
        if (sentence := sentences.get(key)) is not None or "count" not in facts:
            return sentence
        return sentences.get(f"{key}.{plural_form(language, facts['count'])}")

    def _catalogue(self, language: str) -> Mapping[str, str]:
        return _parsed(self._sources[language])


def plural_form(language: str, count: float) -> str:
    """Plural form of a count: English has "0 credits", French "0 crédit", Japanese has one form."""
    singular = {"ja": (), "fr": (0, 1)}.get(language, (1,))
    return "one" if count in singular else "other"


def catalogue(language: str) -> Mapping[str, str]:
    return _parsed(source(language))


@cache
def source(language: str) -> str:
    return files("bot.chat.text").joinpath(f"{language}.toml").read_text(encoding="utf-8")


@cache
def _parsed(source: str) -> Mapping[str, str]:
    return dict(flat(source))


def flat(source: str) -> Iterator[tuple[str, str]]:
    """Flatten the tables of a catalogue: `[end] done = …` is the sentence `end.done`."""
    yield from _flat("", tomllib.loads(source))


def _flat(path: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, str):
            yield f"{path}{key}", value
        else:
            yield from _flat(f"{path}{key}.", value)
