"""Models that members can use."""

from collections.abc import Sequence

from bot.chat.admin.panel.areas.area import Area, ItemUse, Page, Visit
from bot.chat.admin.panel.items import choice_select, labelled
from bot.ledger.server_rules import ServerRules


class ModelsArea(Area):
    """Switches models on and off, all in one select."""

    name = "models"

    def summary(self, rules: ServerRules) -> str:
        cards = self.services.cards
        return self.text("panel.models_on", on=len(cards.keys() - rules.models_off), of=len(cards))

    async def page(self, visit: Visit) -> Page:
        titles = {slug: card.title for slug, card in self.services.cards.items()}
        on = titles.keys() - visit.rules.models_off
        select = choice_select(visit.location, "models", titles, on, self.text, most=len(titles))
        return Page(rows=labelled(self.text("panel.models_pick"), select))

    async def change(self, used: ItemUse) -> Sequence[str]:
        on, was_off = set(used.item.choices), used.rules.models_off
        changed = [slug for slug in self.services.cards if (slug in on) == (slug in was_off)]
        admin = self.services.credit_admin
        return self.described(*[await admin.set_model(used.by, slug, on=slug in on) for slug in changed])
