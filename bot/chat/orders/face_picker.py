"""Lets a member choose which face goes where, by the numbers on a preview of both pictures."""

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
from bot.chat.orders.swap_form import LABEL_LIMIT, OPEN_SECONDS, PlaceOrder, SwapRequest
from bot.chat.text import Text
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.replies import Form, defer_ephemeral, report_errors, send_deferred
from bot.faces.detection import FaceDetector, Pair, default_pairs, format_pairs, parse_pairs
from bot.media import operations
from bot.media.types import NoPicture, SmallCopy

TYPED_LIMIT = 400
# The preview numbers faces from left to right.
ORDER = "left-right"


class AlreadyOrdered(Exception):
    """The order of this preview was placed already."""


@dataclass(frozen=True, slots=True)
class NumberedPreview:
    """Both pictures side by side, with numbers on their faces."""

    content: bytes
    alt: str
    filename: str = "faces.jpg"

    def file(self) -> discord.File:
        return discord.File(io.BytesIO(self.content), self.filename, description=self.alt)


class FacePicker:
    """Sends the preview, and places the order with the pairs that the member chose."""

    def __init__(self, services: OrderServices, face_detector: FaceDetector, place_order: PlaceOrder) -> None:
        self._services = services
        self._face_detector = face_detector
        self._place_order = place_order

    async def offer(self, interaction: Interaction, request: SwapRequest) -> None:
        """Show the preview. If no faces are found, the request can still be sent as it is."""
        services = self._services

        async def offer_again(agreement: Interaction) -> None:
            await self.offer(agreement, request)

        if not await services.consent.ensure_consent(interaction, offer_again):
            return
        await defer_ephemeral(interaction)
        # Detection takes longer than Discord waits for a handler.
        services.background.spawn(report_errors(interaction, lambda: self._offer(interaction, request)))

    async def _offer(self, interaction: Interaction, request: SwapRequest) -> None:
        await self._services.access_guard.admit(interaction)
        request, (source, target) = await self._read(interaction, request)
        workers = self._services.workers
        sources = await workers.faces.run(self._face_detector, source.content)
        targets = await workers.faces.run(self._face_detector, target.content)
        drawn = await workers.results.run(
            operations.draw_face_numbers, source.content, sources, target.content, targets
        )
        counts = (len(sources), len(targets))
        alt = self._services.text("picker.alt", sources=counts[0], targets=counts[1])
        numbered = NumberedPreview(drawn, alt)
        await send_deferred(interaction, self._card(request, counts, numbered), numbered.file())

    async def _read(
        self, interaction: Interaction, request: SwapRequest
    ) -> tuple[SwapRequest, Sequence[SmallCopy]]:
        """Read the two pictures, and return small copies of them."""
        services, model = self._services, request.path.model
        values = await with_face(services.saved_faces, interaction.user.id, model, request.values)
        found = [
            await services.inputs.inspect(name, model.slots()[name], values[name], services.limits)
            for name in (model.face_slot(), model.target_slot())
        ]
        named = {"source": found[0].fingerprint, "target": found[1].fingerprint}
        await services.access_guard.admit_inputs(member_of(interaction), named)
        copies = [each.small_copy for each in found if each.small_copy is not None]
        if len(copies) < len(found):
            raise NoPicture
        return replace(request, values=values), copies

    def _card(self, request: SwapRequest, counts: tuple[int, int], numbered: NumberedPreview) -> InfoCard:
        text, place_order = self._services.text, _PlaceOnce(self._place_order)
        buttons: list[ui.Item[Any]] = []
        if all(counts):
            buttons.append(_ChooseButton(request, counts, place_order, text))
        buttons.append(_SendButton(request, default_pairs(*counts), place_order, text))
        line = text("picker.found") if all(counts) else text("picker.none")
        note = text("picker.note")
        card = InfoCard(
            text("picker.title"), [line], text, small=[note], pictures=[numbered], buttons=buttons
        )
        # The buttons hold the pictures in memory.
        card.timeout = OPEN_SECONDS
        return card


class _PlaceOnce:
    """Places the order of one preview, which its buttons could otherwise place several times."""

    def __init__(self, place_order: PlaceOrder) -> None:
        self._place_order = place_order
        self._is_placed = False

    async def __call__(self, interaction: Interaction, request: SwapRequest) -> None:
        if self._is_placed:
            raise AlreadyOrdered
        self._is_placed = True
        try:
            await self._place_order(interaction, request)
        except Exception:
            # Nothing was ordered, and the member may correct what was wrong.
            self._is_placed = False
            raise


class _ChooseButton(ui.Button[Any]):
    def __init__(
        self, request: SwapRequest, counts: tuple[int, int], place_order: PlaceOrder, text: Text
    ) -> None:
        super().__init__(label=text("picker.choose"), style=ButtonStyle.primary)
        self._form = partial(PairsForm, request, counts, place_order, text)

    async def callback(self, interaction: Interaction) -> None:
        await interaction.response.send_modal(self._form())


class _SendButton(ui.Button[Any]):
    def __init__(
        self, request: SwapRequest, pairs: Sequence[Pair], place_order: PlaceOrder, text: Text
    ) -> None:
        super().__init__(label=text("picker.send"), style=ButtonStyle.secondary)
        self._request = with_pairs(request, pairs)
        self._place_order = place_order

    async def callback(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._place_order(interaction, self._request))


class PairsForm(Form):
    """Form for the pairs of faces, as text such as `1 > 2, 2 > 1`."""

    def __init__(
        self, request: SwapRequest, counts: tuple[int, int], place_order: PlaceOrder, text: Text
    ) -> None:
        super().__init__(title=text("picker.title")[:LABEL_LIMIT], timeout=OPEN_SECONDS)
        self._request = request
        self._counts = counts
        self._place_order = place_order
        default = format_pairs(default_pairs(*counts))
        self._pairs: ui.TextInput[Any] = ui.TextInput(
            custom_id="pairs", default=default[:TYPED_LIMIT], max_length=TYPED_LIMIT
        )
        label: ui.Label[Any] = ui.Label(
            text=text("picker.pairs")[:LABEL_LIMIT],
            description=text("picker.pairs_note"),
            component=self._pairs,
        )
        self.add_item(label)

    async def on_submit(self, interaction: Interaction) -> None:
        pairs = parse_pairs(self._pairs.value, *self._counts)
        await self._place_order(interaction, with_pairs(self._request, pairs))


def with_pairs(request: SwapRequest, pairs: Sequence[Pair]) -> SwapRequest:
    """The request with the pairs as options of the model, which counts faces from 0."""
    if not pairs:
        return request
    sources = [pair.source - 1 for pair in pairs]
    if len(set(sources)) == 1:
        # The model uses a single source for all targets.
        sources = sources[:1]
    indexes = {
        "source_faces_index": ",".join(map(str, sources)),
        "input_faces_index": ",".join(str(pair.target - 1) for pair in pairs),
        "detection_face_order": ORDER,
    }
    return replace(request, values=request.values | indexes)
