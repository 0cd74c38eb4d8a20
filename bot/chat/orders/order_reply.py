"""The reply to an order: deferred at once, then the message of its job or a card about what is wrong."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import discord
import structlog
from discord import ui

from bot.chat.messages import PASSING, Messages
from bot.chat.orders.order_request import OrderRequest
from bot.chat.text import Text
from bot.chat.ui.card import note_card
from bot.clock import Clock
from bot.jobs.job import Place

log = structlog.stdlib.get_logger(__name__)

# Discord lets the bot edit a reply by its token for 15 minutes. One minute is a margin.
TOKEN_SECONDS = 14 * 60.0
# Seconds between two attempts to answer a member.
RETRY_DELAYS = (1.0, 3.0, 10.0, 30.0)
TOO_MANY_REQUESTS = 429

T = TypeVar("T")


class OrderReply:
    """Reply to one order. It tries again after temporary failures: nothing else would answer the member."""

    def __init__(self, request: OrderRequest, messages: Messages, text: Text, clock: Clock) -> None:
        self._interaction = request.interaction
        self._display = request.display
        self._messages = messages
        self._text = text
        self._clock = clock
        self._token_until = clock.now() + TOKEN_SECONDS
        self._message_id: int | None = None

    async def defer(self) -> None:
        hidden = bool(self._display.hidden)
        try:
            answered = await self._interaction.response.defer(ephemeral=hidden, thinking=True)
        except PASSING as failure:
            # Discord may have received the request all the same: `place` then finds the message.
            log.warning("deferring interrupted", error=type(failure).__name__)
            return
        self._message_id = None if answered is None else answered.message_id

    async def place(self) -> Place:
        """Place of the job's message, and how it shows the result."""
        return await self._with_retries(self._make_place)

    async def edit(self, place: Place, card: ui.LayoutView) -> None:
        await self._with_retries(lambda: self._messages.edit(place, card))

    async def refuse(self, place: Place, card: ui.LayoutView) -> None:
        """Tell the member alone what is wrong, and remove the placeholder that everybody sees."""
        if place.hidden or not self._messages.has_token(place):
            return await self.edit(place, card)
        # Discord takes the first follow-up of a deferred reply for an edit of it, which everybody could read,
        # and none after the reply was deleted: https://github.com/discord/discord-api-docs/issues/3087
        await self.edit(place, note_card(self._text("refused.withdrawn")))
        await self._with_retries(partial(self._interaction.followup.send, view=card, ephemeral=True))
        return await self._with_retries(self._delete)

    async def _make_place(self) -> Place:
        interaction, display = self._interaction, self._display
        return Place(
            user_id=interaction.user.id,
            channel_id=interaction.channel_id or 0,
            message_id=self._message_id or (await interaction.original_response()).id,
            application_id=interaction.application_id,
            token=interaction.token,
            token_until=self._token_until,
            guild_id=interaction.guild_id,
            locale=str(interaction.locale),
            upload_limit=interaction.filesize_limit,
            hidden=bool(display.hidden),
            spoiler=bool(display.spoiler),
            direct=display.direct,
            gif_loops=display.gif_loops,
        )

    async def _delete(self) -> None:
        try:
            await self._interaction.delete_original_response()
        except discord.NotFound:
            log.info("reply of a rejected order already deleted")

    async def _with_retries(self, act: Callable[[], Awaitable[T]]) -> T:
        for pause in RETRY_DELAYS:
            try:
                return await act()
            except PASSING as failure:
                log.info("order reply retried", error=type(failure).__name__)
            except discord.HTTPException as failure:
                if failure.status != TOO_MANY_REQUESTS:
                    raise
            await self._clock.sleep(pause)
        return await act()
