"""Short names for models, people and prices, as cards and lists show them."""

from collections.abc import Mapping

from bot.chat.messages import MessagePlace, address_of
from bot.chat.text import Text
from bot.chat.ui.card import credits_words
from bot.chat.ui.info_card import mention
from bot.ledger.ledger import BOT, FORGOTTEN, SHOP
from bot.models import ModelCard


def title_of(slug: str, cards: Mapping[str, ModelCard]) -> str:
    """Title of a model, or its slug if it is no longer offered."""
    return cards[slug].title if slug in cards else slug


def person(actor: str, text: Text) -> str:
    """Name of the person behind a decision: a mention, or a word for the bot, the shop or the operator."""
    if actor == FORGOTTEN:
        return text("somebody")
    if actor == BOT:
        return text("the_bot")
    if actor.isdecimal():
        return mention(actor)
    return text("the_shop" if actor == SHOP else "the_operator")


def price_words(card: ModelCard, credits_: int, text: Text) -> str:
    price = credits_words(credits_, text)
    if card.per_seconds is None:
        return price
    return text("prices.stretch", price=price, seconds=f"{card.per_seconds:g}")


def jump_link(there: MessagePlace, text: Text) -> str:
    """Link to a message, in the words of Discord's own menu."""
    return jump_to(address_of(there), text)


def jump_to(address: str, text: Text) -> str:
    words = text("jump")
    return f"[{words}]({address})"
