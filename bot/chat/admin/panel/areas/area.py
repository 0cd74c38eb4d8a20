"""Base of the panel's areas; each one shows settings and changes them as the commands do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import discord
from discord import ui

from bot.administration.audit import Administrator
from bot.chat.admin.audit_lines import describe
from bot.chat.admin.panel.items import PanelForm, PanelItem, PanelLocation
from bot.chat.admin.services import AdminServices
from bot.ledger.ledger import AuditEntry
from bot.ledger.server_rules import ServerRules


@dataclass(frozen=True, slots=True)
class Page:
    """Content of an area."""

    lines: Sequence[str] = ()
    rows: Sequence[ui.Item[Any]] = ()
    small: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Visit:
    """Administrator who looks at the panel, and what their server has set."""

    by: Administrator
    guild: discord.Guild | None
    rules: ServerRules
    location: PanelLocation


@dataclass(frozen=True, slots=True)
class ItemUse:
    """Use of an item, with the picked and typed values."""

    by: Administrator
    guild: discord.Guild | None
    rules: ServerRules
    item: PanelItem
    answers: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def picked_ids(self) -> frozenset[int]:
        return frozenset(each.id for each in self.item.choices)


class Area:
    """Part of the panel. A subclass draws its page and names what its items do."""

    name: ClassVar[str]

    def __init__(self, services: AdminServices) -> None:
        self.services = services
        self.text = services.text

    def summary(self, rules: ServerRules) -> str:
        """Line about this area in the list of areas."""
        del rules
        return self.text(f"panel.{self.name}_note")

    async def page(self, visit: Visit) -> Page:
        raise NotImplementedError

    def form(self, item: PanelItem) -> PanelForm | None:
        """The form that an item opens first."""
        del item

    def subject(self, item: PanelItem) -> str:
        """Subject of the page after this item was used."""
        return item.location.subject

    async def change(self, used: ItemUse) -> Sequence[str]:
        """Apply the change, and return a sentence about each part of it."""
        raise NotImplementedError

    def described(self, *entries: AuditEntry) -> list[str]:
        return [describe(entry, self.services.cards, self.text) for entry in entries]
