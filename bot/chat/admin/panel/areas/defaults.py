"""Defaults of orders, for options that a member leaves open: of the server, a channel or a role."""

from collections.abc import Mapping, Sequence
from typing import Any

from discord import ui

from bot.administration.defaults import DefaultsScope
from bot.chat.admin.defaults_card import defaults_lines, scope_words
from bot.chat.admin.panel.areas.access import CHANNEL_TYPES
from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import (
    PanelItem,
    PanelLocation,
    button,
    choice_select,
    labelled,
    row,
    select,
    text_line,
)
from bot.ledger.server_rules import OrderDefaults, ServerRules

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WebP"}
_PLACES = {"channel": "c", "role": "r"}
_WORDS = {True: "yes", False: "no"}


class DefaultsArea(Area):
    """Defaults of a place: the administrator picks the place first, and then its defaults."""

    name = "defaults"

    async def page(self, visit: Visit) -> Page:
        text, location, scope = self.text, visit.location, scope_of(visit.location)
        own = _own(visit.rules, scope)
        here = text("panel.place", scope=scope_words(scope.facts(), text))
        everywhere = PanelLocation(self.name, location.guided)
        titles = {slug: card.title for slug, card in self.services.cards.items()}
        answers = {"yes": text("panel.yes"), "no": text("panel.no")}
        options: dict[str, Mapping[str, str]] = {
            "model": titles,
            "image_format": FORMATS,
            "hidden": answers,
            "spoiler": answers,
        }
        rows: list[ui.Item[Any]] = [
            select(_channels(text("panel.for_channel")), everywhere, "channel"),
            select(ui.RoleSelect(placeholder=text("panel.for_role")), everywhere, "role"),
            text_line(here),
        ]
        for name, choices in options.items():
            value = own.named().get(name)
            chosen = [] if value is None else [_WORDS[value] if isinstance(value, bool) else value]
            picker = choice_select(location, name, choices, chosen, text, least=1)
            rows += labelled(text(f"panel.default_{name}"), picker)
        rows.append(row(button(location, "reset", text("panel.reset"))))
        return Page(defaults_lines(visit.rules, text), rows, [text("defaults.note")])

    def subject(self, item: PanelItem) -> str:
        if item.control in _PLACES:
            return f"{_PLACES[item.control]}{item.choices[0].id}"
        return item.location.subject

    async def change(self, used: ItemUse) -> Sequence[str]:
        admin, item = self.services.defaults_admin, used.item
        if item.control in _PLACES:
            return []
        scope = scope_of(item.location)
        if item.control == "reset":
            return self.described(await admin.reset(used.by, scope))
        (value,) = item.choices
        if item.control in {"hidden", "spoiler"}:
            value = value == "yes"
        chosen = OrderDefaults.model_validate({item.control: value})
        return self.described(await admin.set(used.by, scope, chosen))


def scope_of(location: PanelLocation) -> DefaultsScope:
    kind, id_ = location.subject[:1], location.subject[1:]
    if not id_.isdecimal():
        return DefaultsScope()
    return DefaultsScope(channel=int(id_)) if kind == _PLACES["channel"] else DefaultsScope(role=int(id_))


def _own(rules: ServerRules, scope: DefaultsScope) -> OrderDefaults:
    if scope.channel is not None:
        return rules.channel_defaults.get(scope.channel, OrderDefaults())
    if scope.role is not None:
        return rules.role_defaults.get(scope.role, OrderDefaults())
    return rules.defaults


def _channels(placeholder: str) -> ui.ChannelSelect[Any]:
    return ui.ChannelSelect(placeholder=placeholder, channel_types=CHANNEL_TYPES)
