"""Card of `/help`: what the bot does here, with buttons to try it."""

from collections.abc import Iterable
from typing import Any

from discord import ButtonStyle, ui

from bot.chat.account.credits_cards import UnitPrice
from bot.chat.text import Text
from bot.chat.ui.command_button import CommandButton
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.labels import price_words
from bot.models import ModelCard


def help_card(
    cards: Iterable[ModelCard], unit_price: UnitPrice, text: Text, *, administers: bool
) -> InfoCard:
    """`cards` are the models that are switched on; `administers` adds a hint for administrators."""
    models = [
        text(
            "help.model",
            command=card.slug,
            summary=text.phrase(card.summary),
            price=price_words(card, unit_price(card, {}), text),
        )
        for card in cards
    ]
    lines = [
        text("help.what"),
        text("help.menu"),
        text("help.face"),
        text("help.credits"),
        "",
        *(models or [text("prices.none")]),
    ]
    buttons: list[ui.Item[Any]] = [
        CommandButton("swap", text("help.swap"), ButtonStyle.primary),
        CommandButton("credits balance", text("help.balance")),
        CommandButton("jobs", text("help.jobs")),
        CommandButton("face list", text("help.faces")),
        CommandButton("privacy policy", text("help.privacy")),
    ]
    small = [text("help.admin")] if administers else []
    return InfoCard(text("help.title"), lines, text, small=small, buttons=buttons)
