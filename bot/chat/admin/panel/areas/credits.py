"""Allowances, the cap, and the credits of a member."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import ui

from bot.administration.audit import REASON_LIMIT
from bot.chat.account.credits_cards import balance_lines
from bot.chat.admin.accounts import NotAMember, member_balance
from bot.chat.admin.cards import bounds_line, server_lines
from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import NotANumber, PanelForm, PanelItem, button, row, text_field, whole_number
from bot.chat.admin.spending import monthly_budget
from bot.chat.ui.command_button import CommandButton
from bot.chat.ui.info_card import mention
from bot.ledger.server_rules import ServerRules

_MEMBER_ACTIONS = ("show", "grant", "take", "daily")


class CreditsArea(Area):
    """Allowances of all members, of roles and of one member; grants; the cap."""

    name = "credits"

    def summary(self, rules: ServerRules) -> str:
        policy = self.services.policy
        daily = policy.daily if rules.daily is None else min(rules.daily, policy.bounds.daily)
        return self.text("admin.daily", amount=daily)

    async def page(self, visit: Visit) -> Page:
        services, text, location = self.services, self.text, visit.location
        month = await monthly_budget(services, visit.by, visit.rules)
        roles = [] if visit.guild is None else [role.id for role in visit.guild.roles]
        controls = ["daily", "cap", "role", "member"]
        if services.policy.gifts_daily:
            controls.append("gifts")
        rows = [
            row(*(button(location, each, text(f"panel.{each}")) for each in controls)),
            row(CommandButton("admin spend", text("panel.spend"))),
        ]
        lines = server_lines(visit.rules, services.policy, month, roles, text)
        return Page(lines, rows, [bounds_line(services.policy, text)])

    def form(self, item: PanelItem) -> PanelForm | None:
        text = self.text
        amount = (text("panel.amount"), text_field())
        fields: dict[str, tuple[str, ui.Item[Any]]]
        match item.control:
            case "daily" | "cap" | "gifts":
                fields = {"amount": amount}
            case "role":
                fields = {"role": (text("panel.which_role"), ui.RoleSelect()), "amount": amount}
            case "member":
                action: ui.RadioGroup[Any] = ui.RadioGroup()
                for each in _MEMBER_ACTIONS:
                    action.add_option(label=text(f"panel.member_{each}"), value=each, default=each == "show")
                fields = {
                    "user": (text("panel.which_member"), ui.UserSelect()),
                    "action": (text("panel.what"), action),
                    "amount": (text("panel.credits_amount"), text_field()),
                    "reason": (text("panel.reason"), text_field(limit=REASON_LIMIT)),
                }
            case _:
                return None
        note = text("panel.empty_resets") if item.control != "member" else ""
        return PanelForm(text(f"panel.{item.control}"), fields, note)

    async def change(self, used: ItemUse) -> Sequence[str]:
        admin, answers = self.services.credit_admin, used.answers
        amount = whole_number(answers["amount"])
        match used.item.control:
            case "daily":
                return self.described(await admin.set_allowance(used.by, amount))
            case "cap":
                return self.described(await admin.set_cap(used.by, amount))
            case "gifts":
                return self.described(await admin.set_gifts(used.by, amount))
            case "role":
                return self.described(await admin.set_role_allowance(used.by, answers["role"].id, amount))
            case _:
                return await self._member(used, answers["user"], amount)

    async def _member(self, used: ItemUse, user: Any, amount: int | None) -> Sequence[str]:
        if not isinstance(user, discord.Member):
            raise NotAMember
        admin, reason = self.services.credit_admin, used.answers["reason"]
        action = used.answers["action"]
        if action == "show":
            lines = [mention(user.id)]
        elif action == "daily":
            lines = self.described(await admin.set_allowance(used.by, amount, user.id))
        elif not amount:
            raise NotANumber(1)
        else:
            act = admin.grant if action == "grant" else admin.take
            lines = self.described(await act(used.by, user.id, amount, reason))
        balance, terms = await member_balance(self.services, used.by, user)
        return [*lines, *balance_lines(balance, terms, self.text)]
