"""Asks for the face of an order that has none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from discord import InteractionType, ui

from bot.chat.interactions import Interaction
from bot.chat.orders.face_fields import FaceFields
from bot.chat.orders.remedy_card import RemedyCard
from bot.chat.orders.saved_faces import NoFace, faces_in_time
from bot.chat.text import Text
from bot.chat.ui.amounts import about
from bot.chat.ui.labels import price_words
from bot.chat.ui.replies import Form
from bot.faces.saved_faces import SavedFaces
from bot.jobs.service import JobService
from bot.models import FaceModel


class PlaceOrder(Protocol):
    """Places the order with these values changed."""

    async def __call__(self, interaction: Interaction, /, **changes: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class FacelessOrder:
    """An order that lacks its face, and the way to place it with one."""

    model: type[FaceModel]
    values: Mapping[str, Any]
    place_order: PlaceOrder
    count: int = 1
    """Number of its targets, each of which costs the same."""


class FaceForms:
    """Shows the form, or a button that opens it where Discord takes no form."""

    def __init__(
        self,
        saved_faces: SavedFaces,
        job_service: JobService,
        *,
        message_for: Callable[[Exception], str],
        text: Text,
    ) -> None:
        self._saved_faces = saved_faces
        self._job_service = job_service
        self._message_for = message_for
        self._text = text

    async def ask(self, interaction: Interaction, order: FacelessOrder, error: NoFace) -> None:
        # Discord takes no form in answer to another one.
        if interaction.type is InteractionType.modal_submit:
            await interaction.response.send_message(view=self.card(order, error), ephemeral=True)
        else:
            await self._open(order, interaction)

    def card(self, order: FacelessOrder, error: NoFace) -> RemedyCard:
        open_form = partial(self._open, order)
        return RemedyCard(self._message_for(error), self._text("buttons.add_face"), open_form)

    async def _open(self, order: FacelessOrder, interaction: Interaction) -> None:
        faces = await faces_in_time(self._saved_faces, interaction.user.id)
        fields = FaceFields(faces, self._text, most=order.model.card.faces)
        form = FaceForm(order, self._cost(order), fields)
        await interaction.response.send_modal(form)

    def _cost(self, order: FacelessOrder) -> str:
        card = order.model.card
        options = {name: value for name, value in order.values.items() if value is not None}
        unit = self._job_service.unit_price(card, options)
        price = price_words(card, order.count * unit, self._text)
        return self._text("face_form.cost", price=price, usual=about(card.seconds, self._text))


class FaceForm(Form):
    """Form with the price and the fields for the face."""

    def __init__(self, order: FacelessOrder, cost: str, fields: FaceFields) -> None:
        super().__init__(order.model.card.title)
        self._order = order
        self._fields = fields
        self.add_item(ui.TextDisplay(cost))
        for label in fields.labels():
            self.add_item(label)

    async def on_submit(self, interaction: Interaction) -> None:
        order = self._order
        await order.place_order(interaction, **self._fields.values(order.model))
