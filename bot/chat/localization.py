"""Tracks each member's locale, and translates the descriptions of commands for Discord."""

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.chat.orders.slash_command import command_description
from bot.chat.text import ENGLISH, Text, language_of, speaking
from bot.models import ModelCard

_EVENT = "INTERACTION_CREATE"


def track_locale(client: discord.Client) -> None:
    """Make the locale of each interaction the current language of everything that it starts.

    discord.py runs commands, autocompletes, buttons, selects and modals each in a task of its own. It creates
    all of these tasks in the parser of this event, and offers no hook there.
    """
    parsers = client._connection.parsers  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    parse = parsers[_EVENT]

    def parse_with_locale(data: Any) -> None:
        with speaking(str(data.get("locale", ""))):
            parse(data)

    parsers[_EVENT] = parse_with_locale


class Translator(app_commands.Translator):
    """Translations of what Discord shows while a member types.

    Names stay as they are, because members tell them to each other and the documentation uses them. So do
    the values of Segmind's parameters. A context menu has nothing but its name, which is a sentence.
    """

    def __init__(self, text: Text, price_of: Callable[[ModelCard], str]) -> None:
        self._text = text
        self._price_of = price_of

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        if language_of(locale.value) == ENGLISH or not _is_sentence(context):
            return None
        with speaking(locale.value):
            translated = self._translated(string)
        return None if translated == string.message else translated

    def _translated(self, string: app_commands.locale_str) -> str:
        card = string.extras.get("card")
        if isinstance(card, ModelCard):
            return command_description(card, self._text.phrase(card.summary), self._price_of(card))
        return self._text.phrase(string.message)


def _is_sentence(context: app_commands.TranslationContextTypes) -> bool:
    if context.location is Location.command_name:
        return isinstance(context.data, app_commands.ContextMenu)
    return context.location not in {Location.group_name, Location.parameter_name}
