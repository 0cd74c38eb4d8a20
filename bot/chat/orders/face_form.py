"""Asks for the face of an order that has none."""

from functools import partial
from typing import Any, Protocol

from discord import InteractionType, ui

from bot.chat.interactions import Interaction
from bot.chat.orders.faces.face_fields import FaceFields
from bot.chat.orders.faces.saved_faces import NoFace, faces_in_time
from bot.chat.orders.form_price import price_by_terms, terms_in_time
from bot.chat.orders.order_request import OrderRequest
from bot.chat.orders.remedy_card import RemedyCard
from bot.chat.shared import Shared
from bot.chat.ui.amounts import rough_duration
from bot.chat.ui.labels import price_words
from bot.chat.ui.replies import Form
from bot.faces.saved_faces import SavedFaces
from bot.jobs.service import JobService
from bot.ledger.policy import MemberTerms


class PlaceOrder(Protocol):
    """Places the order with these values changed."""

    async def __call__(self, interaction: Interaction, /, **changes: Any) -> None: ...


class FaceForms:
    """Shows the form, or a button that opens it where Discord takes no form."""

    def __init__(self, shared: Shared, saved_faces: SavedFaces, job_service: JobService) -> None:
        self._saved_faces = saved_faces
        self._job_service = job_service
        self._message_for = shared.message_for
        self._text = shared.text

    async def ask(self, request: OrderRequest, place_order: PlaceOrder, error: NoFace) -> None:
        interaction = request.interaction
        # Discord takes no form in answer to another one.
        if interaction.type is InteractionType.modal_submit:
            card = self.card(request, place_order, error)
            await interaction.response.send_message(view=card, ephemeral=True)
        else:
            await self._open(request, place_order, interaction)

    def card(self, request: OrderRequest, place_order: PlaceOrder, error: NoFace) -> RemedyCard:
        open_form = partial(self._open, request, place_order)
        return RemedyCard(self._message_for(error), self._text("buttons.add_face"), open_form)

    async def _open(self, request: OrderRequest, place_order: PlaceOrder, interaction: Interaction) -> None:
        faces = await faces_in_time(self._saved_faces, interaction.user.id)
        fields = FaceFields(faces, self._text, most=request.model.card.faces)
        terms = await terms_in_time(self._job_service, interaction)
        form = FaceForm(request, place_order, self._cost(request, terms), fields)
        await interaction.response.send_modal(form)

    def _cost(self, request: OrderRequest, terms: MemberTerms | None) -> str:
        card = request.model.card
        options = {name: value for name, value in request.values.items() if value is not None}
        unit = price_by_terms(terms, self._job_service, card, options, count=request.count)
        price = price_words(card, request.count * unit, self._text)
        return self._text("face_form.cost", price=price, usual=rough_duration(card.seconds, self._text))


class FaceForm(Form):
    """Form with the price and the fields for the face."""

    def __init__(self, request: OrderRequest, place_order: PlaceOrder, cost: str, fields: FaceFields) -> None:
        super().__init__(request.model.card.title)
        self._model = request.model
        self._place_order = place_order
        self._fields = fields
        self.add_item(ui.TextDisplay(cost))
        for label in fields.labels():
            self.add_item(label)

    async def on_submit(self, interaction: Interaction) -> None:
        await self._place_order(interaction, **self._fields.values(self._model))
