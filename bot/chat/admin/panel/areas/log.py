"""The log channel, approval of results, open reports and the list of changes."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.chat.admin.access_cards import approval_lines, log_line
from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import button, labelled, preselected, row, select
from bot.chat.ui.command_button import CommandButton
from bot.ledger.server_rules import ServerRules

_ON, _OFF = "on", "off"


class LogArea(Area):
    """Log channel of jobs and reports, and approval of results."""

    name = "log"

    def summary(self, rules: ServerRules) -> str:
        return log_line(rules, self.text)

    async def page(self, visit: Visit) -> Page:
        text, rules, location = self.text, visit.rules, visit.location
        approvals = self.services.approvals
        waiting = await approvals.waiting_in(visit.by.guild_id)
        can_ask = await approvals.can_ask(visit.by.guild_id)
        channel = None if visit.guild is None else visit.guild.get_channel(rules.log_channel or 0)
        channels = [] if channel is None else [channel.id]
        lines = [log_line(rules, text)]
        if rules.log_channel is not None and not can_ask:
            lines.append(text("panel.closed_log"))
        asked = rules.approve or rules.approve_strangers
        lines += approval_lines(rules, waiting, text, can_ask=can_ask or not asked)
        channel_select: ui.ChannelSelect[Any] = ui.ChannelSelect(
            channel_types=[discord.ChannelType.text],
            placeholder=text("panel.choose"),
            min_values=0,
            default_values=preselected(channels, discord.SelectDefaultValueType.channel),
        )
        toggles = [
            self._toggle(visit, "pictures", on=rules.log_pictures),
            self._toggle(visit, "approve", on=rules.approve),
        ]
        if not rules.approve:
            toggles.append(self._toggle(visit, "strangers", on=rules.approve_strangers))
        if asked:
            toggles.append(self._toggle(visit, "own", on=rules.approve_own))
        rows = [
            *labelled(text("panel.log_pick"), select(channel_select, location, "channel")),
            row(*toggles),
            row(
                CommandButton("admin cases", text("panel.cases")),
                CommandButton("admin changes", text("panel.changes")),
            ),
        ]
        return Page(lines, rows)

    def _toggle(self, visit: Visit, control: str, *, on: bool) -> ui.Item[Any]:
        """Button that sets the value in its label, so a second press changes nothing."""
        value = _OFF if on else _ON
        return button(visit.location, control, self.text(f"panel.{control}_{value}"), value)

    async def change(self, used: ItemUse) -> Sequence[str]:
        admin, rules, on = self.services.access_admin, used.rules, used.item.value == _ON
        match used.item.control:
            case "channel":
                channel_id = next(iter(used.picked_ids), None)
                pictures = rules.log_pictures and channel_id is not None
                entry = await admin.set_log(used.by, channel_id, pictures=pictures)
            case "pictures":
                entry = await admin.set_log(used.by, rules.log_channel, pictures=on)
            case "approve":
                entry = await admin.set_approval(used.by, on=on)
            case "strangers":
                entry = await admin.set_strangers_approval(used.by, on=on)
            case _:
                entry = await admin.set_own_approval(used.by, on=on)
        return self.described(entry)
