"""Events, for which the server pays, and the showcase of results."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import (
    NotANumber,
    PanelForm,
    PanelItem,
    button,
    labelled,
    preselected,
    row,
    select,
    text_field,
    whole_number,
)
from bot.chat.ui.event_card import FREE, event_line
from bot.ledger.events import MAX_EVENT_HOURS, EventPlan


class EventsArea(Area):
    """Starts and ends events, and names the channel in which members show results."""

    name = "events"

    async def page(self, visit: Visit) -> Page:
        text, services, location = self.text, self.services, visit.location
        event = await services.event_admin.running(visit.by.guild_id)
        line = text("event.none") if event is None else event_line(event, services.cards, text)
        switch = button(location, "start", text("panel.start"))
        if event is not None:
            switch = button(location, "end", text("panel.end"))
        guild, showcase = visit.guild, visit.rules.showcase
        channel = None if guild is None or showcase is None else guild.get_channel(showcase)
        channels: ui.ChannelSelect[Any] = ui.ChannelSelect(
            channel_types=[discord.ChannelType.text],
            placeholder=text("panel.choose"),
            min_values=0,
            default_values=preselected(
                [] if channel is None else [channel.id], discord.SelectDefaultValueType.channel
            ),
        )
        rows = [row(switch), *labelled(text("panel.showcase"), select(channels, location, "showcase"))]
        return Page([line], rows, [text("event.note")])

    def form(self, item: PanelItem) -> PanelForm | None:
        if item.control != "start":
            return None
        text = self.text
        models: ui.Select[Any] = ui.Select(
            options=[
                discord.SelectOption(label=card.title, value=slug)
                for slug, card in self.services.cards.items()
            ],
            min_values=0,
            max_values=len(self.services.cards),
            required=False,
            placeholder=text("event.all"),
        )
        fields: dict[str, tuple[str, ui.Item[Any]]] = {
            "hours": (text("panel.hours"), text_field(required=True)),
            "cap": (text("panel.event_cap"), text_field(required=True)),
            "discount": (text("panel.discount"), text_field()),
            "models": (text("panel.models"), models),
        }
        return PanelForm(text("panel.start"), fields)

    async def change(self, used: ItemUse) -> Sequence[str]:
        services, answers = self.services, used.answers
        match used.item.control:
            case "showcase":
                channel_id = next(iter(used.picked_ids), None)
                entry = await services.access_admin.set_showcase(used.by, channel_id)
            case "end":
                entry = await services.event_admin.end(used.by)
            case _:
                plan = EventPlan(
                    models=frozenset(answers["models"]),
                    discount=_number(answers["discount"] or str(FREE), most=FREE),
                    cap=_number(answers["cap"]),
                    hours=_number(answers["hours"], most=MAX_EVENT_HOURS),
                )
                entry = await services.event_admin.start(used.by, plan)
        return self.described(entry)


def _number(words: str, *, most: int | None = None) -> int:
    number = whole_number(words, least=1)
    if number is None or (most is not None and number > most):
        raise NotANumber(1, most)
    return number
