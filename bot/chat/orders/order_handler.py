"""Handles an order: defers the reply, has the order prepared, and submits it to the job service."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import discord
import structlog
from discord import ui

from bot.chat.access.consent import Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.interactions import Interaction
from bot.chat.messages import PASSING, MessageGone
from bot.chat.orders.attachments import FirstFrame, Unusable, Upload
from bot.chat.orders.display_options import DEFAULT, DisplayOptions
from bot.chat.orders.face_form import FaceForms
from bot.chat.orders.faces.face_sheets import FacePhotos, OrderFile
from bot.chat.orders.faces.saved_faces import NoFace
from bot.chat.orders.order_reply import OrderReply
from bot.chat.orders.order_request import OrderRequest
from bot.chat.orders.preparation import OrderPreparation
from bot.chat.orders.remedy_card import RemedyCard
from bot.chat.orders.seed import with_seed
from bot.chat.shared import Shared
from bot.chat.ui.card import error_card
from bot.jobs.service import JobService, OrderUnconfirmed
from bot.media.types import Animated
from bot.models import FaceModel

log = structlog.stdlib.get_logger(__name__)


class ShuttingDown(Exception):
    """The bot is shutting down before the order exists, so no credits are held."""


class OrderHandler:
    """Takes the orders of all commands, forms and buttons."""

    def __init__(
        self,
        shared: Shared,
        *,
        preparation: OrderPreparation,
        job_service: JobService,
        access_guard: AccessGuard,
        consent: Consent,
        face_forms: FaceForms,
    ) -> None:
        self._preparation = preparation
        self._job_service = job_service
        self._access_guard = access_guard
        self._consent = consent
        self._face_forms = face_forms
        self._messages = shared.messages
        self._background = shared.background
        self._message_for = shared.message_for
        self._text = shared.text
        self._clock = shared.clock

    async def handle(
        self,
        interaction: Interaction,
        model: type[FaceModel],
        values: dict[str, Any],
        display: DisplayOptions = DEFAULT,
        *,
        more: Sequence[Upload] = (),
    ) -> None:
        """Ask for consent, raise what is wrong already, or defer the reply and go on in the background.

        `more` are further targets, which make the order a batch.
        """
        if self._background.is_closed:
            raise ShuttingDown
        request = OrderRequest(interaction, model, with_seed(model, values), display, more)
        if not await self._consent.ensure_consent(interaction, partial(self._handle_again, request)):
            return
        try:
            request = await self._preparation.check_early(request)
        except NoFace as error:
            await self._face_forms.ask(request, partial(self._handle_again, request), error)
            return
        reply = OrderReply(request, self._messages, self._text, self._clock)
        with self._background.expected():
            await reply.defer()
            if self._background.is_closed:
                await self._refuse(request, reply, ShuttingDown())
            else:
                self._background.spawn(self._order(request, reply))

    async def _refuse(self, request: OrderRequest, reply: OrderReply, error: Exception) -> None:
        try:
            await reply.refuse(await reply.place(), self._error_card(request, error))
        except (MessageGone, *PASSING, discord.HTTPException) as failure:
            log.warning("order reply failed", error=type(failure).__name__)

    async def _handle_again(self, request: OrderRequest, press: Interaction, **changes: Any) -> None:
        values = request.values | changes
        await self.handle(press, request.model, values, display=request.display, more=request.more)

    async def _order(self, request: OrderRequest, reply: OrderReply) -> None:
        try:
            place = await reply.place()
            try:
                # Orders that are being prepared count as waiting, or any number could pass the check at once.
                async with self._job_service.reserve(request.member):
                    try:
                        prepared = await self._preparation.prepare(request, place)
                    except asyncio.CancelledError:
                        # No job exists yet, so the bot would not answer this member after its next start.
                        raise ShuttingDown from None
                    jobs = await self._job_service.order(*(order for order, _ in prepared))
            except OrderUnconfirmed as error:
                # The message stays, because the job shows itself there if it exists.
                await reply.edit(place, error_card(self._message_for(error)))
            except Exception as error:  # noqa: BLE001 - nobody else would answer the member
                await reply.refuse(place, self._error_card(request, error))
            else:
                for job, (_, fingerprints) in zip(jobs, prepared, strict=True):
                    await self._access_guard.remember(job.id, fingerprints)
        except (MessageGone, *PASSING, discord.HTTPException) as failure:
            log.warning("order reply failed", error=type(failure).__name__)

    def _error_card(self, request: OrderRequest, error: Exception) -> ui.LayoutView:
        """Card about what is wrong, with a button where one press puts it right."""
        order_again = partial(self._handle_again, request)
        match error:
            case NoFace():
                return self._face_forms.card(request, order_again, error)
            # Of a batch, nobody knows which of the files it is.
            case Unusable(reason=Animated()) if not request.more:
                still = {error.option: _first_frame(request.values[error.option], error.name)}
                label = self._text("buttons.first_frame")
                return RemedyCard(self._message_for(error), label, partial(order_again, **still))
            case _:
                return error_card(self._message_for(error))


def _first_frame(file: OrderFile, name: str) -> OrderFile:
    return file.with_first_frame(name) if isinstance(file, FacePhotos) else FirstFrame(file)
