"""Direct messages to the operators about what only they can fix."""

from collections.abc import Callable, Sequence
from typing import assert_never

import discord
import structlog
from discord import ui

from bot.chat.background import Background
from bot.chat.messages import DISCORD_ERRORS, send_direct
from bot.chat.text import ENGLISH, Text, speaking
from bot.chat.ui.card import error_card
from bot.jobs.supervision.balance import BalanceEmpty, BalanceEvent, BalanceLow, BalanceRestored
from bot.jobs.supervision.decisions import OutcomesUnknown

log = structlog.stdlib.get_logger(__name__)


class OperatorAlerts:
    """Sends alerts and cards to every operator in the background."""

    def __init__(
        self, ids: Sequence[int], *, client: discord.Client, background: Background, text: Text
    ) -> None:
        self._ids = ids
        self._client = client
        self._background = background
        self._text = text

    def tell(self, event: BalanceEvent | OutcomesUnknown) -> None:
        # The language of the member whose order caused the event says nothing about that of the operators.
        with speaking(ENGLISH):
            sentence = self._sentence(event)
        for user_id in self._ids:
            self._background.spawn(self._send(user_id, error_card(sentence)))

    def send_card(self, draw: Callable[[], ui.LayoutView]) -> None:
        """Send a card with buttons for the operators."""
        if not self._ids:
            log.warning("card not sent: no operators are configured")
        with speaking(ENGLISH):
            views = [(user_id, draw()) for user_id in self._ids]
        for user_id, view in views:
            self._background.spawn(self._send(user_id, view))

    def _sentence(self, event: BalanceEvent | OutcomesUnknown) -> str:
        match event:
            case BalanceLow(left, low):
                return self._text("operator.low", left=_dollars(left), low=_dollars(low))
            case BalanceEmpty():
                return self._text("operator.empty")
            case BalanceRestored(left):
                key = "operator.back" if left is None else "operator.back_with"
                return self._text(key, left=_dollars(left or 0.0))
            case OutcomesUnknown(count):
                return self._text("operator.unknown", count=count)
            case _:
                assert_never(event)

    async def _send(self, user_id: int, view: ui.LayoutView) -> None:
        try:
            await send_direct(self._client, user_id, view)
        except DISCORD_ERRORS as error:
            # The event is in the log as well, so closed direct messages must not stop anything.
            log.warning("operator not alerted", user=user_id, reason=type(error).__name__)


def _dollars(usd: float) -> str:
    return f"${usd:,.2f}"
