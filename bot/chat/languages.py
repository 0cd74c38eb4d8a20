"""Hears in which language a member speaks, and tells Discord of the commands in all of them."""

from typing import Any

import discord

from bot.chat.text import speaking

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
