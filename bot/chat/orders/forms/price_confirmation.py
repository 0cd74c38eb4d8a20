"""Question with the price before an order with one click, for members who want to be asked."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.chat.interactions import Interaction
from bot.chat.members import channels_of, member_of
from bot.chat.messages import DISCORD_ERRORS
from bot.chat.orders.forms.pairs_card import AlreadyOrdered
from bot.chat.orders.forms.swap_form import SwapRequest
from bot.chat.orders.remedy_card import RemedyCard
from bot.chat.orders.services import OrderServices
from bot.chat.ui.card import BLUE
from bot.chat.ui.labels import price_words

PlaceOrder = Callable[[Interaction, SwapRequest], Awaitable[None]]


class PriceConfirmation:
    """Asks with an ephemeral card, whose button places the order once."""

    def __init__(self, services: OrderServices, place_order: PlaceOrder) -> None:
        self._services = services
        self._place_order = place_order

    async def order(self, interaction: Interaction, request: SwapRequest) -> None:
        """Place the order, or ask first if the member wants that."""
        preferences = await self._services.access_guard.preferences(interaction.user.id)
        if not preferences.confirms:
            await self._place_order(interaction, request)
        else:
            card = await self._card(interaction, request)
            await interaction.response.send_message(view=card, ephemeral=True)

    async def _card(self, asked: Interaction, request: SwapRequest) -> RemedyCard:
        text, price, used = self._services.text, await self._price(asked, request), False

        async def on_pressed(press: Interaction) -> None:
            nonlocal used
            if used:
                raise AlreadyOrdered
            if await self._price(press, request) > price:
                # An event ended meanwhile, and nobody pays more than they agreed to.
                await press.response.edit_message(view=await self._card(press, request))
                return
            used = True
            try:
                await self._place_order(press, request)
            except BaseException:
                used = False
                raise
            with suppress(*DISCORD_ERRORS):
                await asked.delete_original_response()

        card = request.path.model.card
        sentence = text("confirm.question", model=card.title, price=price_words(card, price, text))
        return RemedyCard(sentence, text("confirm.order"), on_pressed, colour=BLUE)

    async def _price(self, interaction: Interaction, request: SwapRequest) -> int:
        job_service = self._services.job_service
        terms = await job_service.terms(member_of(interaction), channels_of(interaction))
        return job_service.quote(request.path.model.card, request.path.options, terms)
