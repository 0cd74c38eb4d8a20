"""All languages have the same sentences with the same placeholders, within Discord's limits."""

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any

import pytest
from discord import Locale, app_commands
from pydantic import ValidationError

from bot.chat.errors import ErrorMessages
from bot.chat.localization import Translator
from bot.chat.sync import sync
from bot.chat.text import (
    ENGLISH,
    LANGUAGES,
    PHRASES,
    Text,
    catalogue,
    language_of,
    plural_form,
    source,
    speaking,
)
from bot.models import MAX_FACE_INDEXES
from tests.chat.orders.own_faces import KEY
from tests.harness import MODELS, Stage

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
LOCALES = [locale.value for locale in Locale if language_of(locale.value) != ENGLISH]
CATALOGUES = {language: catalogue(language) for language in LANGUAGES}
DESCRIPTION_LIMIT, MENU_LIMIT, COMMAND_LIMIT = 100, 32, 8000
SLASH = 1
MULTIFACESWAP = MODELS["faceswap-v3-multifaceswap"]
# Errors that only the models find; Discord checks everything else.
PROBLEMS = {
    "must be face numbers separated by commas, counted from 0, such as 0,1,2",
    f"must name {MAX_FACE_INDEXES} faces at most",
}


def sentences(language: str) -> dict[str, str]:
    return {key: text for key, text in CATALOGUES[language].items() if not key.startswith(f"{PHRASES}.")}


def plain(key: str) -> str:
    return re.sub(r"\.(one|other)$", "", key)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_exactly_the_english_sentences(language: str) -> None:
    assert {plain(key) for key in sentences(language)} == {plain(key) for key in sentences(ENGLISH)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_with_a_count_has_every_plural_form_of_its_language(language: str) -> None:
    forms = {plural_form(language, count) for count in range(100)}
    counted = {plain(key) for key in sentences(ENGLISH) if key != plain(key)}
    assert counted
    for key in counted:
        assert {name for name in ("one", "other") if f"{key}.{name}" in CATALOGUES[language]} == forms, key


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_uses_the_same_placeholders(language: str) -> None:
    english: dict[str, set[str]] = {}
    for key, sentence in sentences(ENGLISH).items():
        english.setdefault(plain(key), set()).update(placeholders(sentence))
    for key, sentence in sentences(language).items():
        # The singular needs no number.
        implied = {"count"} if key.endswith(".one") else set[str]()
        assert placeholders(sentence) | implied == english[plain(key)], key


@pytest.mark.parametrize("language", OTHERS)
def test_markup_and_code_are_the_same(language: str) -> None:
    """Bold text, small print, code, links and mentions occur as often as in English."""
    for key, sentence in sentences(language).items():
        english = CATALOGUES[ENGLISH].get(key, CATALOGUES[ENGLISH].get(f"{plain(key)}.other", ""))
        for mark in ("**", "`", "-# ", "](", "<@&"):
            assert sentence.count(mark) == english.count(mark), (key, mark)


@pytest.mark.parametrize(
    ("locale", "none", "one", "many"),
    [
        ("en-GB", "0 credits", "1 credit", "5 credits"),
        ("de", "0 Credits", "1 Credit", "5 Credits"),
        ("es-419", "0 créditos", "1 crédito", "5 créditos"),
        ("fr", "0 crédit", "1 crédit", "5 crédits"),
        ("pt-BR", "0 créditos", "1 crédito", "5 créditos"),
        ("ja", "0クレジット", "1クレジット", "5クレジット"),
        ("tr", "0 credits", "1 credit", "5 credits"),
    ],
)
def test_credits_take_the_plural_form_of_each_language(locale: str, none: str, one: str, many: str) -> None:
    text = Text.load()
    with speaking(locale):
        assert [text("credits", count=count) for count in (0, 1, 5)] == [none, one, many]


def test_a_missing_translation_falls_back_to_english() -> None:
    text = Text(dict.fromkeys(LANGUAGES, "") | {ENGLISH: 'jobs.other = "{count} jobs"'})
    with speaking("de"):
        assert text("jobs", count=3) == "3 jobs"
        assert text.phrase("Anything") == "Anything"
        with pytest.raises(KeyError):
            text("nothing")


async def payloads(stage: Stage) -> list[dict[str, Any]]:
    """All commands as Discord receives them."""
    tree = stage.app.client.tree
    translator = tree.translator
    assert translator is not None
    return [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]


def descriptions(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """The path, the English text and the translations of each sentence in a command."""
    path = f"{path} {part['name']}"
    if "description" in part:
        yield path, part["description"], part.get("description_localizations", {})
    else:
        yield path, part["name"], part.get("name_localizations", {})
    for option in part.get("options", []):
        yield from descriptions(option, path)


def choices(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from part.get("choices", [])
    for option in part.get("options", []):
        yield from choices(option)


@pytest.mark.stage(faces={"key": KEY})
async def test_every_command_and_option_is_described_in_each_language(stage: Stage) -> None:
    seen = [each for command in await payloads(stage) for each in descriptions(command)]
    assert len(seen) > 100
    for path, english, others in seen:
        assert set(others) == set(LOCALES), path
        assert all(each != english for each in others.values()), path
        assert all(0 < len(each) <= DESCRIPTION_LIMIT for each in others.values()), path


@pytest.mark.stage(faces={"key": KEY})
async def test_a_command_is_small_enough_in_each_language(stage: Stage) -> None:
    def size(part: Mapping[str, Any], locale: str) -> int:
        description = part.get("description", "")
        own = len(part["name"]) + len(part.get("description_localizations", {}).get(locale, description))
        offered = part.get("choices", [])
        named = [each.get("name_localizations", {}).get(locale, each["name"]) for each in offered]
        values = [str(each["value"]) for each in offered]
        return (
            own + sum(map(len, named + values)) + sum(size(each, locale) for each in part.get("options", []))
        )

    for command in await payloads(stage):
        assert all(size(command, locale) <= COMMAND_LIMIT for locale in LOCALES), command["name"]


async def test_an_entry_of_a_menu_is_short_enough_in_each_language(stage: Stage) -> None:
    menus = [command for command in await payloads(stage) if command["type"] != SLASH]
    assert menus
    assert all(0 < len(name) <= MENU_LIMIT for menu in menus for name in menu["name_localizations"].values())


async def test_a_models_description_has_its_price_in_each_language(stage: Stage) -> None:
    (command,) = [each for each in await payloads(stage) if each["name"] == "faceswap-v5"]
    others = command["description_localizations"]
    assert others["de"] == "Face swap v5: Ein Gesicht oder einen Kopf in Sekunden tauschen · 5 Credits"
    assert others["ja"].endswith(" · 5クレジット")


async def test_a_changed_translation_is_registered_with_discord(stage: Stage) -> None:
    client, store = stage.app.client, stage.app.store
    assert not await sync(client.tree, store, client.orders.text.fingerprint)
    sources = {language: source(language) for language in LANGUAGES}
    sources["de"] = sources["de"].replace(CATALOGUES["de"][f"{PHRASES}.Number of credits"], "Genaue Anzahl")
    changed = Text(sources)
    await client.tree.set_translator(Translator(changed, client.price_of))
    assert await sync(client.tree, store, changed.fingerprint)
    assert not await sync(client.tree, store, changed.fingerprint)


class NoTranslator(app_commands.Translator):
    """Fails at the first word."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        del locale, context
        raise AssertionError(string.message)


async def test_commands_that_discord_knows_are_not_translated_again(stage: Stage) -> None:
    client = stage.app.client
    await client.tree.set_translator(NoTranslator())
    assert not await sync(client.tree, stage.app.store, client.orders.text.fingerprint)


async def test_names_and_values_are_not_translated(stage: Stage) -> None:
    def names(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        yield part.get("name_localizations") or {}
        for option in part.get("options", []):
            yield from names(option)

    slash = [command for command in await payloads(stage) if command["type"] == SLASH]
    assert not any(each for command in slash for each in names(command))
    for command in slash:
        # Only the commands for administrators have choices in words.
        locales = set[str]() if command["name"] in stage.app.models else set(LOCALES)
        assert all(set(each.get("name_localizations") or {}) == locales for each in choices(command))


@pytest.mark.stage(faces={"key": KEY})
async def test_every_translated_phrase_is_used(stage: Stage) -> None:
    commands = await payloads(stage)
    said = {english for command in commands for _, english, _ in descriptions(command)}
    said |= {choice["name"] for command in commands for choice in choices(command)}
    said |= {model.card.summary for model in stage.app.models.values()} | PROBLEMS
    for language in OTHERS:
        phrases = {key.removeprefix(f"{PHRASES}.") for key in CATALOGUES[language] if key.startswith(PHRASES)}
        assert phrases - said == set(), language
        assert phrases >= PROBLEMS


@pytest.mark.parametrize("numbers", ["one, two", ",".join(["0"] * 21)])
def test_the_error_for_an_option_is_translated(numbers: str) -> None:
    addresses = {"source_img": "https://example.org/a.png", "target_img": "https://example.org/b.png"}
    with pytest.raises(ValidationError) as caught:
        MULTIFACESWAP.model_validate(addresses | {"source_faces_index": numbers})
    words = ErrorMessages(Text.load())
    with speaking("de"):
        sentence = words.message_for(caught.value)
    assert "source_faces_index" in sentence
    assert not any(problem in sentence for problem in PROBLEMS)
