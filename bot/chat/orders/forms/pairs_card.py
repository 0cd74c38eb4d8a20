"""Card on which a member chooses which face goes where, with a dropdown for each place."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.chat.interactions import Interaction
from bot.chat.orders.faces.face_sheets import FacePhotos
from bot.chat.orders.forms.swap_form import CHOICE_LIMIT, PlaceOrder, SwapRequest
from bot.chat.orders.remedy_card import OPEN_SECONDS
from bot.chat.text import Text
from bot.chat.ui.info_card import InfoCard, sanitize
from bot.chat.ui.replies import report_errors
from bot.chat.ui.uploads import AttachedFile
from bot.faces.pairing import Pairing

# Discord allows 25 choices, and one leaves the place as it is.
MOST_FACES = 24
PLACES_PER_PAGE = 5
_STAYS = "stays"

PressHandler = Callable[[Interaction], Awaitable[None]]


class AlreadyOrdered(Exception):
    """The order of this preview was placed already."""


class PairsCard:
    """A preview with the member's choice so far, drawn again after each change."""

    def __init__(
        self,
        request: SwapRequest,
        preview: AttachedFile,
        *,
        faces: Sequence[str],
        places: int,
        place_order: PlaceOrder,
        text: Text,
    ) -> None:
        """`faces` are the names of the source's faces, as far as they have any."""
        self._request = request
        self._preview = preview
        self._faces = faces[:MOST_FACES]
        self._pairing = Pairing.usual(len(self._faces), places)
        self._page = 0
        self._place_order = place_order
        self._is_placed = False
        self._text = text

    @property
    def _is_complete(self) -> bool:
        """True if faces were found in both pictures."""
        return bool(self._faces and self._pairing.chosen)

    def view(self) -> InfoCard:
        text = self._text
        card = InfoCard(
            text("picker.title"),
            [text("picker.places") if self._is_complete else text("picker.none")],
            text,
            small=[text("picker.note")],
            pictures=[self._preview],
            rows=[ui.ActionRow(each) for each in self._selects()] if self._is_complete else (),
            buttons=[
                _Button("send", text("picker.send"), self.send, ButtonStyle.primary),
                *self._page_buttons(),
            ],
        )
        # The buttons hold the pictures in memory.
        card.timeout = OPEN_SECONDS
        return card

    async def choose(self, interaction: Interaction, place: int, face: int | None) -> None:
        self._pairing.chosen[place] = face
        await self._redraw(interaction)

    async def turn(self, interaction: Interaction, page: int) -> None:
        self._page = page
        await self._redraw(interaction)

    async def send(self, interaction: Interaction) -> None:
        """Place the order. The card could otherwise place it several times."""
        request = self._paired() if self._is_complete else self._request
        if self._is_placed:
            raise AlreadyOrdered
        self._is_placed = True
        try:
            await self._place_order(interaction, request)
        except Exception:
            # Nothing was ordered, and the member may correct what was wrong.
            self._is_placed = False
            raise

    def _paired(self) -> SwapRequest:
        """The request with the choice as options of its model, and only with the photos that it uses."""
        request, model = self._request, self._request.path.model
        used, sources = self._pairing.used(), self._pairing.sources()
        values = dict(request.values)
        slot = model.face_slot()
        if isinstance(photos := values[slot], FacePhotos):
            values[slot] = FacePhotos(tuple(photos.photos[number] for number in used))
            sources = [used.index(number) for number in sources]
        return replace(request, values={**values, **model.pairing(sources, self._pairing.places())})

    async def _redraw(self, interaction: Interaction) -> None:
        message = interaction.message
        kept = [] if message is None else message.attachments
        await interaction.response.edit_message(view=self.view(), attachments=kept)

    def _selects(self) -> list["_PlaceSelect"]:
        first = self._page * PLACES_PER_PAGE
        shown = range(first, min(first + PLACES_PER_PAGE, len(self._pairing.chosen)))
        return [
            _PlaceSelect(self, place, self._faces, self._pairing.chosen[place], self._text) for place in shown
        ]

    def _page_buttons(self) -> list["_Button"]:
        places = len(self._pairing.chosen)
        pages = range(-(-places // PLACES_PER_PAGE)) if self._faces else range(0)
        return [self._page_button(page, places) for page in pages if abs(page - self._page) == 1]

    def _page_button(self, page: int, places: int) -> "_Button":
        first, last = page * PLACES_PER_PAGE + 1, min((page + 1) * PLACES_PER_PAGE, places)

        async def turn(interaction: Interaction) -> None:
            await self.turn(interaction, page)

        return _Button(f"page:{page}", self._text("picker.page", first=first, last=last), turn)


class _Button(ui.Button[Any]):
    def __init__(
        self, name: str, label: str, press: PressHandler, style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(custom_id=name, label=label, style=style)
        self._press = press

    async def callback(self, interaction: Interaction) -> None:
        await report_errors(interaction, lambda: self._press(interaction))


class _PlaceSelect(ui.Select[Any]):
    def __init__(
        self, card: PairsCard, place: int, faces: Sequence[str], chosen: int | None, text: Text
    ) -> None:
        options = [
            discord.SelectOption(
                label=text("picker.place", place=place + 1, face=number + 1),
                value=str(number),
                description=sanitize(name, CHOICE_LIMIT) or None,
                default=number == chosen,
            )
            for number, name in enumerate(faces)
        ]
        stays = text("picker.stays", place=place + 1)
        options.append(discord.SelectOption(label=stays, value=_STAYS, default=chosen is None))
        super().__init__(custom_id=f"place:{place + 1}", options=options)
        self._card = card
        self._place = place

    async def callback(self, interaction: Interaction) -> None:
        (value,) = self.values
        face = None if value == _STAYS else int(value)
        await report_errors(interaction, lambda: self._card.choose(interaction, self._place, face))
