"""Cards about a member's credits: the balance, the prices and the lines of the history."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.administration.audit import REASON_LIMIT
from bot.chat.text import Text
from bot.chat.ui.amounts import rough_duration
from bot.chat.ui.card import credits_words, relative_timestamp
from bot.chat.ui.info_card import InfoCard, as_code, mention_or_unknown
from bot.chat.ui.labels import person, price_words, title_of
from bot.ledger.account import Balance, EntryKind
from bot.ledger.allowance import Refill
from bot.ledger.ledger import SHOP, LedgerLine
from bot.ledger.policy import MemberTerms
from bot.models import ModelCard

UnitPrice = Callable[[ModelCard, Mapping[str, Any]], int]
"""Price of a model with these options, for a picture or for each started `per_seconds` of a video."""


def balance_card(balance: Balance, terms: MemberTerms, text: Text) -> InfoCard:
    return InfoCard(text("balance.title"), list(balance_lines(balance, terms, text)), text)


def balance_lines(balance: Balance, terms: MemberTerms, text: Text) -> Iterable[str]:
    yield text("balance.free", free=credits_words(balance.free, text))
    if terms.allowance.daily:
        yield text("balance.allowance", left=balance.allowance, daily=terms.allowance.daily)
    yield text("balance.granted", granted=balance.granted)
    yield text("balance.held", held=balance.held)
    yield _refill(balance, terms, text)


def _refill(balance: Balance, terms: MemberTerms, text: Text) -> str:
    refills_at = terms.allowance.refills_at(balance.since)
    if refills_at is None:
        return text("balance.no_refill")
    if terms.allowance.refill is Refill.ROLLING and balance.used <= 0:
        return text("balance.full")
    return text("balance.refill", at=f"<t:{int(refills_at)}:f>", refills=relative_timestamp(refills_at))


def prices_card(
    cards: Iterable[ModelCard], unit_price: UnitPrice, text: Text, *, event: str | None = None
) -> InfoCard:
    """Card of the usual prices, and of the `event` that lowers some of them."""
    lines = [] if event is None else [event]
    lines += [line for card in cards for line in _price_lines(card, unit_price, text)]
    return InfoCard(text("prices.title"), lines or [text("prices.none")], text, small=[text("prices.note")])


def _price_lines(card: ModelCard, unit_price: UnitPrice, text: Text) -> Iterable[str]:
    price = price_words(card, unit_price(card, {}), text)
    yield text("prices.model", command=card.slug, price=price, usual=rough_duration(card.seconds, text))
    choices = [
        text("prices.choice", option=option, choice=choice, price=unit_price(card, {option: choice}))
        for option, choice in card.factors
    ]
    if choices:
        yield text("prices.choices", choices=", ".join(choices))


def history_line(line: LedgerLine, cards: Mapping[str, ModelCard], text: Text) -> str:
    what = _description(line, cards, text)
    if line.gift_of is None and line.actor is not None and line.actor != SHOP:
        what = text("history.by", what=what, actor=person(line.actor, text))
        if why := as_code(line.why or "", REASON_LIMIT):
            what = text("history.why", what=what, why=why)
    return text("history.line", what=what, amount=_amount(line, text), when=relative_timestamp(line.at))


def _description(line: LedgerLine, cards: Mapping[str, ModelCard], text: Text) -> str:
    if line.gift_of is not None:
        key = "history.gift_to" if line.amount < 0 else "history.gift_from"
        return text(key, member=mention_or_unknown(line.gift_of, text))
    match line.kind:
        case EntryKind.GRANT if line.actor is None:
            return text("history.start")
        case EntryKind.GRANT:
            return text("history.bought" if line.actor == SHOP else "history.grant")
        case EntryKind.ALLOWANCE:
            return text("history.filled") if line.amount >= 0 else text("history.lapsed")
        case EntryKind.ADJUST:
            return text("history.take")
        case EntryKind.HOLD | EntryKind.CAPTURE | EntryKind.RELEASE:
            job = text("history.job") if line.slug is None else title_of(line.slug, cards)
            return text("history.refund", job=job) if line.ended is EntryKind.ADJUST else job


def _amount(line: LedgerLine, text: Text) -> str:
    if line.kind is EntryKind.HOLD and (
        line.ended in {EntryKind.RELEASE, EntryKind.ADJUST} or not line.amount
    ):
        return text("history.free")
    amount = f"{line.amount:+}".replace("-", "\N{MINUS SIGN}")
    if line.kind is EntryKind.HOLD and line.ended is None:
        return text("history.held", amount=amount)
    return f"**{amount}**"
