"""Card and words about a server's defaults for orders."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.chat.text import Text
from bot.chat.ui.info_card import InfoCard, as_code
from bot.ledger.server_rules import ServerRules

_VALUE_LIMIT = 80


def defaults_card(rules: ServerRules, text: Text) -> InfoCard:
    return InfoCard(text("defaults.title"), defaults_lines(rules, text), text, small=[text("defaults.note")])


def defaults_lines(rules: ServerRules, text: Text) -> Sequence[str]:
    lines = [
        text("defaults.line", scope=scope_words(place, text), options=option_words(options))
        for place, options in _all(rules)
        if options
    ]
    return lines or [text("defaults.none")]


def _all(rules: ServerRules) -> Iterable[tuple[Mapping[str, int], Mapping[str, Any]]]:
    yield {}, rules.defaults.named()
    for role, own in rules.role_defaults.items():
        yield {"role": role}, own.named()
    for channel, own in rules.channel_defaults.items():
        yield {"channel": channel}, own.named()


def scope_words(place: Mapping[str, Any], text: Text) -> str:
    """Words for the place of defaults, from the facts of a decision: a `channel`, a `role`, or neither."""
    if "channel" in place:
        return text("defaults.channel", channel=f"<#{place['channel']}>")
    if "role" in place:
        return text("defaults.role", role=f"<@&{place['role']}>")
    return text("defaults.server")


def option_words(options: Mapping[str, Any]) -> str:
    """The options as members type them, such as `hidden:True`."""
    return " ".join(as_code(f"{name}:{value}", _VALUE_LIMIT) for name, value in options.items())
