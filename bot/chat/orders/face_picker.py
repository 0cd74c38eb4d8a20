"""Which face goes where: both pictures with numbers on their faces, and a form that takes the pairs."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.chat.interactions import Interaction
from bot.chat.members import member_of
from bot.chat.orders.saved_faces import with_face
from bot.chat.orders.services import OrderServices
from bot.chat.orders.swap_form import LABEL_LIMIT, OPEN_SECONDS, GoOn, Order
from bot.chat.text import Text
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.replies import defer_ephemeral, report_errors, send_deferred
from bot.faces.detection import FaceDetector, Pair, default_pairs, format_pairs, parse_pairs, preview

TYPED_LIMIT = 400
# Faces are numbered as they are read.
ORDER = "left-right"


@dataclass(frozen=True, slots=True)
class NumberedPreview:
    """The preview as a file."""

    content: bytes
    alt: str
    filename: str = "faces.jpg"

    def file(self) -> discord.File:
        return discord.File(io.BytesIO(self.content), self.filename, description=self.alt)


class FacePicker:
    def __init__(self, services: OrderServices, face_detector: FaceDetector, go_on: GoOn) -> None:
        self._services = services
        self._face_detector = face_detector
        self._go_on = go_on
        # What is drawn and looked at takes memory and all of a core.
        self._table = asyncio.Lock()

    async def offer(self, interaction: Interaction, order: Order) -> None:
        """Where there is nothing to choose from, the order can still be sent as it is."""
        its = self._services

        async def once_more(agreement: Interaction) -> None:
            await self.offer(agreement, order)

        if not await its.consent.ensure_consent(interaction, once_more):
            return
        await defer_ephemeral(interaction)
        # To look for faces takes seconds, for which Discord is not kept waiting.
        its.background.spawn(report_errors(interaction, lambda: self._offer(interaction, order)))

    async def _offer(self, interaction: Interaction, order: Order) -> None:
        its = self._services
        await its.access_guard.admit(interaction)
        order, contents = await self._read(interaction, order)
        async with self._table:
            face_boxes = [await asyncio.to_thread(self._face_detector, content) for content in contents]
            drawn = await asyncio.to_thread(preview, list(zip(contents, face_boxes, strict=True)))
        counts = (len(face_boxes[0]), len(face_boxes[1]))
        numbered = NumberedPreview(drawn, its.text("picker.alt", sources=counts[0], targets=counts[1]))
        await send_deferred(interaction, self._sheet(order, counts, numbered), numbered.file())

    async def _read(self, interaction: Interaction, order: Order) -> tuple[Order, Sequence[bytes]]:
        its, model = self._services, order.path.model
        values = await with_face(its.saved_faces, interaction.user.id, model, order.values)
        limits = its.saved_faces.limits
        contents = [
            await its.inputs.content(name, model.slots()[name], values[name], limits)
            for name in (model.face_slot(), model.target_slot())
        ]
        named = {"source": contents[0], "target": contents[1]}
        await its.access_guard.admit_inputs(member_of(interaction), named)
        return replace(order, values=values), contents

    def _sheet(self, order: Order, counts: tuple[int, int], numbered: NumberedPreview) -> InfoCard:
        text = self._services.text
        buttons: list[ui.Item[Any]] = []
        if all(counts):
            buttons.append(_Choose(order, counts, self._go_on, text))
        buttons.append(_Send(order, default_pairs(*counts), self._go_on, text))
        line = text("picker.found") if all(counts) else text("picker.none")
        note = text("picker.note")
        sheet = InfoCard(text("picker.title"), [line], text, small=[note], picture=numbered, buttons=buttons)
        # Its buttons know the pictures, which are not kept for longer.
        sheet.timeout = OPEN_SECONDS
        return sheet


class _Choose(ui.Button[Any]):
    def __init__(self, order: Order, counts: tuple[int, int], go_on: GoOn, text: Text) -> None:
        super().__init__(label=text("picker.choose"), style=ButtonStyle.primary)
        self._form = partial(PairsForm, order, counts, go_on, text)

    async def callback(self, interaction: Interaction) -> None:
        await interaction.response.send_modal(self._form())


class _Send(ui.Button[Any]):
    def __init__(self, order: Order, pairs: Sequence[Pair], go_on: GoOn, text: Text) -> None:
        super().__init__(label=text("picker.send"), style=ButtonStyle.secondary)
        self._order = paired(order, pairs)
        self._go_on = go_on

    async def callback(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._go_on(interaction, self._order))


class PairsForm(ui.Modal):
    def __init__(self, order: Order, counts: tuple[int, int], go_on: GoOn, text: Text) -> None:
        super().__init__(title=text("picker.title")[:LABEL_LIMIT], timeout=OPEN_SECONDS)
        self._order = order
        self._counts = counts
        self._go_on = go_on
        usual = format_pairs(default_pairs(*counts))
        self._pairs: ui.TextInput[Any] = ui.TextInput(
            custom_id="pairs", default=usual[:TYPED_LIMIT], max_length=TYPED_LIMIT
        )
        label: ui.Label[Any] = ui.Label(
            text=text("picker.pairs")[:LABEL_LIMIT],
            description=text("picker.pairs_note"),
            component=self._pairs,
        )
        self.add_item(label)

    async def on_submit(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._sent(interaction))

    async def _sent(self, interaction: Interaction) -> None:
        pairs = parse_pairs(self._pairs.value, *self._counts)
        await self._go_on(interaction, paired(self._order, pairs))


def paired(order: Order, pairs: Sequence[Pair]) -> Order:
    """In the words of the model, which counts from 0; without pairs, as it was."""
    if not pairs:
        return order
    sources = [pair.source - 1 for pair in pairs]
    if len(set(sources)) == 1:
        # One face alone serves all that are named.
        sources = sources[:1]
    indexes = {
        "source_faces_index": ",".join(map(str, sources)),
        "input_faces_index": ",".join(str(pair.target - 1) for pair in pairs),
        "detection_face_order": ORDER,
    }
    return replace(order, values=order.values | indexes)
