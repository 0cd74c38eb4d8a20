"""Channels and roles in which the bot works, and members who may not use it."""

from collections.abc import Collection, Sequence
from typing import Any

import discord
from discord import ui

from bot.administration.access import AccessMode
from bot.chat.admin.autocomplete import ChannelTransformer
from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import OPTIONS, labelled, preselected, select, text_line
from bot.ledger.ledger import AuditEntry

CHANNEL_TYPES = ChannelTransformer().channel_types
_LISTS = ("channels_only", "channels_off", "roles_only", "roles_off", "blocked")
_MODES = {"only": AccessMode.ONLY, "off": AccessMode.OFF}


class AccessArea(Area):
    """A select for each list; the picked items become the list."""

    name = "access"

    async def page(self, visit: Visit) -> Page:
        rows: list[ui.Item[Any]] = []
        for name in _LISTS:
            label = self.text(f"panel.{name}")
            ids = _existing(name, getattr(visit.rules, name), visit.guild)
            if len(ids) > OPTIONS:
                note = self.text("panel.too_many", count=len(ids))
                rows.append(text_line(f"{label}\n-# {note}"))
            else:
                picker = _picker(name, ids, self.text("panel.choose"))
                rows += labelled(label, select(picker, visit.location, name))
        return Page(rows=rows)

    async def change(self, used: ItemUse) -> Sequence[str]:
        admin, name = self.services.access_admin, used.item.control
        before, after = _existing(name, getattr(used.rules, name), used.guild), used.picked_ids
        kind, _, list_ = name.partition("_")
        entries: list[AuditEntry] = []
        for id_ in sorted(before ^ after):
            if kind == "blocked":
                act = admin.block if id_ in after else admin.unblock
                entries.append(await act(used.by, id_))
            else:
                set_mode = admin.set_channel if kind == "channels" else admin.set_role
                mode = _MODES[list_] if id_ in after else AccessMode.UNSET
                entries.append(await set_mode(used.by, id_, mode))
        return self.described(*entries)


def _existing(name: str, ids: Collection[int], guild: discord.Guild | None) -> frozenset[int]:
    """Leave out deleted channels and roles, with which Discord would not show the select."""
    if guild is None or name == "blocked":
        return frozenset(ids)
    find = guild.get_channel_or_thread if name.startswith("channels") else guild.get_role
    return frozenset(id_ for id_ in ids if find(id_) is not None)


def _picker(name: str, ids: Collection[int], placeholder: str) -> ui.Item[Any]:
    kinds = discord.SelectDefaultValueType
    if name == "blocked":
        return ui.UserSelect(
            placeholder=placeholder,
            min_values=0,
            max_values=OPTIONS,
            default_values=preselected(ids, kinds.user),
        )
    if name.startswith("roles"):
        return ui.RoleSelect(
            placeholder=placeholder,
            min_values=0,
            max_values=OPTIONS,
            default_values=preselected(ids, kinds.role),
        )
    return ui.ChannelSelect(
        placeholder=placeholder,
        channel_types=CHANNEL_TYPES,
        min_values=0,
        max_values=OPTIONS,
        default_values=preselected(ids, kinds.channel),
    )
