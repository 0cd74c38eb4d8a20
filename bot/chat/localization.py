"""Hears in which language a member speaks, and tells Discord of the commands in all of them."""

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.chat.orders.slash_command import summed_up
from bot.chat.text import ENGLISH, Text, language_of, speaking
from bot.models import ModelCard

_ARRIVAL = "INTERACTION_CREATE"


def listen(client: discord.Client) -> None:
    """From here on, whatever an interaction begins speaks its member's language.

    Commands, autocompletes, buttons, selects and modals go different ways in discord.py, each in a task of
    its own. All of those tasks are made where the interaction arrives, which it offers no hook for.
    """
    parsers = client._connection.parsers  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    parse = parsers[_ARRIVAL]

    def heard(data: Any) -> None:
        with speaking(str(data.get("locale", ""))):
            parse(data)

    parsers[_ARRIVAL] = heard


class Translator(app_commands.Translator):
    """What Discord shows while somebody types.

    Names stay as they are: they are what members tell each other, and what all documentation says. So do the
    values of Segmind's parameters. A context menu has nothing but its name, which is a sentence.
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
            said = self._said(string)
        return None if said == string.message else said

    def _said(self, string: app_commands.locale_str) -> str:
        card = string.extras.get("card")
        if isinstance(card, ModelCard):
            return summed_up(card, self._text.phrase(card.summary), self._price_of(card))
        return self._text.phrase(string.message)


def _is_sentence(context: app_commands.TranslationContextTypes) -> bool:
    if context.location is Location.command_name:
        return isinstance(context.data, app_commands.ContextMenu)
    return context.location not in {Location.group_name, Location.parameter_name}
