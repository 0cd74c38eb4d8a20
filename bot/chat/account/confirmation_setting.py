"""Setting of a member: show the price first, before an order with one click."""

from bot.chat.shared import Shared
from bot.chat.ui.card import GREEN
from bot.chat.ui.info_card import InfoCard


class ConfirmationSetting:
    """Answers `/credits confirm`."""

    def __init__(self, shared: Shared) -> None:
        self._store = shared.store.moderation
        self._text = shared.text

    async def show(self, user_id: int) -> InfoCard:
        preferences = await self._store.preferences(user_id)
        return InfoCard(self._text("confirm.title"), [self._words(on=preferences.confirms)], self._text)

    async def set(self, user_id: int, *, on: bool) -> InfoCard:
        await self._store.set_confirms(user_id, on)
        return InfoCard(self._text("confirm.title"), [self._words(on=on)], self._text, colour=GREEN)

    def _words(self, *, on: bool) -> str:
        return self._text("confirm.on" if on else "confirm.off")
