"""Limits on jobs at once and on the size of files."""

from collections.abc import Sequence

from bot.chat.admin.limits import limit_lines, limit_name, to_stored_unit
from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import PanelForm, PanelItem, button, text_field, text_line_with, whole_number
from bot.ledger.server_rules import LIMIT_NAMES


class LimitsArea(Area):
    """Shows each limit beside a button that changes it."""

    name = "limits"

    async def page(self, visit: Visit) -> Page:
        text = self.text
        lines = limit_lines(self.services.policy, visit.rules, text)
        rows = [
            text_line_with(words, button(visit.location, "limit", text("panel.change"), name))
            for name, words in zip(LIMIT_NAMES, lines, strict=True)
        ]
        return Page(rows=rows)

    def form(self, item: PanelItem) -> PanelForm | None:
        unit = "amount"
        if item.value.endswith("_bytes"):
            unit = "mib"
        elif item.value.endswith("_seconds"):
            unit = "seconds"
        fields = {"amount": (self.text(f"panel.{unit}"), text_field())}
        return PanelForm(limit_name(item.value, self.text), fields, self.text("panel.empty_resets"))

    async def change(self, used: ItemUse) -> Sequence[str]:
        name = used.item.value
        amount = to_stored_unit(name, whole_number(used.answers["amount"], least=1))
        return self.described(await self.services.credit_admin.set_limit(used.by, name, amount))
