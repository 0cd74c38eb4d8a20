"""The panel of `/admin panel` and `/admin setup`: one message for what the other commands of `/admin` do."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui

from bot.administration.audit import Administrator
from bot.chat.admin.panel.areas.access import AccessArea
from bot.chat.admin.panel.areas.area import Area, ItemUse, Visit
from bot.chat.admin.panel.areas.credits import CreditsArea
from bot.chat.admin.panel.areas.defaults import DefaultsArea
from bot.chat.admin.panel.areas.events import EventsArea
from bot.chat.admin.panel.areas.limits import LimitsArea
from bot.chat.admin.panel.areas.log import LogArea
from bot.chat.admin.panel.areas.models import ModelsArea
from bot.chat.admin.panel.areas.results import ResultsArea
from bot.chat.admin.panel.items import PanelItem, PanelLocation, button, text_line_with
from bot.chat.admin.services import AdminServices
from bot.chat.interactions import Interaction
from bot.chat.members import administrator_of
from bot.chat.messages import NOBODY
from bot.chat.ui.card import BLUE, GREEN
from bot.chat.ui.info_card import InfoCard
from bot.ledger.server_rules import ServerRules

_AREAS: Sequence[type[Area]] = (
    CreditsArea,
    ModelsArea,
    LimitsArea,
    AccessArea,
    LogArea,
    EventsArea,
    DefaultsArea,
    ResultsArea,
)
# Steps of a new server, in order: first who gets reports, last what it may cost.
STEPS = (LogArea.name, AccessArea.name, CreditsArea.name, ModelsArea.name)
OVERVIEW = "overview"
_OPEN = "open"


class Panel:
    """Draws the areas, and applies changes through the same decisions as the commands."""

    def __init__(self, services: AdminServices) -> None:
        self._services = services
        self._text = services.text
        self._areas: Mapping[str, Area] = {area.name: area(services) for area in _AREAS}

    async def open(self, interaction: Interaction, by: Administrator) -> InfoCard:
        return await self._card(interaction, by, PanelLocation(OVERVIEW))

    async def open_setup(self, interaction: Interaction, by: Administrator) -> InfoCard:
        return await self._card(interaction, by, PanelLocation(STEPS[0], guided=True))

    async def press(self, interaction: Interaction, item: PanelItem) -> None:
        # The message stays after a member has lost the permission.
        administrator_of(interaction)
        area = self._areas.get(item.location.area)
        form = None if area is None or item.control == _OPEN else area.form(item)
        if form is None:
            return await self._carry_out(interaction, item, {})

        async def on_filled(submitted: Interaction, answers: Mapping[str, Any]) -> None:
            await self._carry_out(submitted, item, answers)

        form.on_filled = on_filled
        await interaction.response.send_modal(form)
        return None

    async def _carry_out(self, interaction: Interaction, item: PanelItem, answers: Mapping[str, Any]) -> None:
        by = administrator_of(interaction)
        await interaction.response.defer()
        location, changed = item.location, list[str]()
        try:
            if item.control != _OPEN and (area := self._areas.get(location.area)) is not None:
                rules = await self._services.ledger.rules(by.guild_id)
                changed = [*await area.change(ItemUse(by, interaction.guild, rules, item, answers))]
                location = PanelLocation(location.area, location.guided, area.subject(item))
        finally:
            # Redrawn after an error, too: the select would still show the value that was not saved.
            card = await self._card(interaction, by, location, changed)
            await interaction.edit_original_response(view=card, allowed_mentions=NOBODY)

    async def _card(
        self,
        interaction: Interaction,
        by: Administrator,
        location: PanelLocation,
        changed: Sequence[str] = (),
    ) -> InfoCard:
        text, rules = self._text, await self._services.ledger.rules(by.guild_id)
        area = self._areas.get(location.area)
        if area is None:
            return InfoCard(
                text("panel.title"), [text("panel.about")], text, rows=list(self._overview(rules))
            )
        page = await area.page(Visit(by, interaction.guild, rules, location))
        done = [f"✔ {line}" for line in changed[:1]] + list(changed[1:])
        heading = [text(f"panel.step_{location.area}")] if location.guided else []
        return InfoCard(
            self._title(location),
            [*done, *heading, *page.lines],
            text,
            rows=page.rows,
            small=page.small,
            buttons=self._navigation(location),
            colour=GREEN if changed else BLUE,
        )

    def _title(self, location: PanelLocation) -> str:
        name = self._text(f"panel.{location.area}")
        if location.guided:
            return self._text("panel.step", number=STEPS.index(location.area) + 1, of=len(STEPS), area=name)
        return name

    def _overview(self, rules: ServerRules) -> Sequence[ui.Item[Any]]:
        return [
            text_line_with(
                f"**{self._text(f'panel.{name}')}**\n{area.summary(rules)}",
                button(PanelLocation(name), _OPEN, self._text("panel.open")),
            )
            for name, area in self._areas.items()
        ]

    def _navigation(self, location: PanelLocation) -> Sequence[ui.Item[Any]]:
        text, blue = self._text, discord.ButtonStyle.primary
        overview = button(PanelLocation(OVERVIEW), _OPEN, text("panel.back"))
        if not location.guided:
            return [overview]
        at, shown = STEPS.index(location.area), list[ui.Item[Any]]()
        if at > 0:
            shown.append(button(PanelLocation(STEPS[at - 1], guided=True), _OPEN, text("panel.previous")))
        if at + 1 < len(STEPS):
            shown.append(
                button(PanelLocation(STEPS[at + 1], guided=True), _OPEN, text("panel.next"), style=blue)
            )
        return [*shown, overview]
