"""Words about an event: which models cost how much less, and what the server still pays."""

from collections.abc import Collection, Mapping

from bot.chat.text import Text
from bot.chat.ui.card import credits_words, relative_timestamp
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.labels import title_of
from bot.ledger.events import Event
from bot.models import ModelCard

FREE = 100


def event_card(event: Event | None, cards: Mapping[str, ModelCard], text: Text) -> InfoCard:
    line = text("event.none") if event is None else event_line(event, cards, text)
    return InfoCard(text("event.title"), [line], text, small=[text("event.note")])


def event_line(event: Event, cards: Mapping[str, ModelCard], text: Text) -> str:
    return text(
        "event.running",
        offer=offer_words(event.models, event.discount, cards, text),
        until=relative_timestamp(event.until),
        left=credits_words(event.left, text),
    )


def offer_words(slugs: Collection[str], discount: int, cards: Mapping[str, ModelCard], text: Text) -> str:
    models = ", ".join(title_of(slug, cards) for slug in sorted(slugs)) or text("event.all")
    if discount >= FREE:
        return text("event.free", models=models)
    return text("event.cheaper", models=models, discount=discount)
