"""Handles an order: defers the reply, checks access, files and options, and submits it to the job service."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import discord
import structlog
from discord import ui

from bot.chat.access.consent import Consent
from bot.chat.access.guard import AccessGuard
from bot.chat.background import Background
from bot.chat.interactions import Interaction
from bot.chat.members import channels_of, member_of
from bot.chat.messages import PASSING, Gone, Messages
from bot.chat.orders.attachments import Attachments, FirstFrame, Unusable, Upload
from bot.chat.orders.avatars import avatar_owner, has_agreed
from bot.chat.orders.display_options import DEFAULT, DisplayOptions
from bot.chat.orders.face_form import FaceForms, FacelessOrder
from bot.chat.orders.face_sheets import FacePhotos, FaceSheet, FaceSheets, OrderFile, uploads_of
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.orders.remedy_card import RemedyCard
from bot.chat.orders.saved_faces import NoFace, with_face
from bot.chat.orders.seed import with_seed
from bot.chat.text import Text
from bot.chat.ui.card import error_card, note_card
from bot.faces.saved_faces import SavedFaces
from bot.jobs.job import Place
from bot.jobs.ports import Clock
from bot.jobs.service import JobService, Order, OrderUnconfirmed
from bot.ledger.account import Member
from bot.ledger.policy import MemberTerms
from bot.media.fingerprints import Fingerprint
from bot.media.types import Animated, Explicit, Limits
from bot.models import FaceModel

log = structlog.stdlib.get_logger(__name__)

# Discord lets the bot edit a reply by its token for 15 minutes. One minute is a margin.
TOKEN_SECONDS = 14 * 60.0
# Seconds between two attempts to answer a member.
RETRY_DELAYS = (1.0, 3.0, 10.0, 30.0)
TOO_MANY_REQUESTS = 429
# Discord waits three seconds for the first answer, and the question for consent may have taken some of them.
EARLY_CHECK_SECONDS = 1.0
# Orders of one member whose files are read at a time; the next ones wait.
MAX_PREPARING = 2
# Placeholder for the address of a file that is not uploaded yet.
NO_LINK = "data:,"

T = TypeVar("T")


class ShuttingDown(Exception):
    """The bot is shutting down before the order exists, so no credits are held."""


class OrderHandler:
    """Takes the orders of all commands, forms and buttons."""

    def __init__(
        self,
        *,
        job_service: JobService,
        access_guard: AccessGuard,
        consent: Consent,
        inputs: Attachments,
        face_sheets: FaceSheets,
        saved_faces: SavedFaces,
        original_previews: OriginalPreviews,
        messages: Messages,
        background: Background,
        message_for: Callable[[Exception], str],
        text: Text,
        clock: Clock,
        limits: Limits,
    ) -> None:
        """`limits` are the operator's; a server can set lower ones."""
        self._job_service = job_service
        self._access_guard = access_guard
        self._consent = consent
        self._inputs = inputs
        self._face_sheets = face_sheets
        self._saved_faces = saved_faces
        self._original_previews = original_previews
        self._messages = messages
        self._background = background
        self._message_for = message_for
        self._text = text
        self._face_forms = FaceForms(saved_faces, job_service, message_for=message_for, text=text)
        self._clock = clock
        self._limits = limits
        self._preparing: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    async def handle(
        self,
        interaction: Interaction,
        model: type[FaceModel],
        values: dict[str, Any],
        *,
        display: DisplayOptions = DEFAULT,
        more: Sequence[Upload] = (),
    ) -> None:
        """Ask for consent, raise what is wrong already, or defer the reply and go on in the background.

        `more` are further targets, which make the order a batch.
        """
        if self._background.is_closed:
            raise ShuttingDown
        values = with_seed(model, values)

        async def order_again(press: Interaction, **changes: Any) -> None:
            await self.handle(press, model, values | changes, display=display, more=more)

        faceless = FacelessOrder(model, values, order_again, 1 + len(more))
        if not await self._consent.ensure_consent(interaction, order_again):
            return
        try:
            values, display = await self._check_early(interaction, model, values, display, more)
        except NoFace as error:
            await self._face_forms.ask(interaction, faceless, error)
            return
        until = self._clock.now() + TOKEN_SECONDS
        try:
            answered = await interaction.response.defer(ephemeral=bool(display.hidden), thinking=True)
        except PASSING as failure:
            # Discord may have received the request all the same: `make_place` then finds the message.
            log.warning("deferring interrupted", error=type(failure).__name__)
            answered = None
        message_id = None if answered is None else answered.message_id
        find_place = partial(make_place, interaction, display, until, message_id)

        def refusal(error: Exception) -> ui.LayoutView:
            match error:
                case NoFace():
                    return self._face_forms.card(faceless, error)
                # Of a batch, nobody knows which of the files it is.
                case Unusable(reason=Animated()) if not more:
                    still = {error.option: _first_frame(values[error.option], error.name)}
                    label = self._text("buttons.first_frame")
                    return RemedyCard(self._message_for(error), label, partial(order_again, **still))
                case _:
                    return error_card(self._message_for(error))

        self._background.spawn(self._order(interaction, model, values, more, find_place, refusal=refusal))

    async def _check_early(
        self,
        interaction: Interaction,
        model: type[FaceModel],
        values: dict[str, Any],
        display: DisplayOptions,
        more: Sequence[Upload],
    ) -> tuple[dict[str, Any], DisplayOptions]:
        """Raise what is known without the files, so that only the member reads it; return the options.

        A slow database is asked again after the reply was deferred. The server's defaults come too late for
        the reply then, so it is shown as its member chose. A missing face is raised last, because the member
        can add it.
        """
        member, missing = member_of(interaction), None
        try:
            async with asyncio.timeout(EARLY_CHECK_SECONDS):
                await self._access_guard.admit(interaction)
                try:
                    values = await with_face(self._saved_faces, member.user_id, model, values)
                except NoFace as error:
                    missing = error
                    values = {name: value for name, value in values.items() if value is not None}
                terms = await self._job_service.terms(member, channels_of(interaction))
                values = _with_defaults(model, values, terms)
                files, filled = _fill_in(model, values)
                self._check_declared(model, files, more, terms)
                await self._job_service.check(filled, member, terms, count=1 + len(more))
                if (owner := avatar_owner(model, files)) is not None:
                    await self._access_guard.admit_avatar(member, owner)
                display = display.completed(terms.defaults)
        except TimeoutError:
            log.info("order not checked before the reply was deferred")
        if missing is not None:
            raise missing
        return values, display

    async def _order(
        self,
        interaction: Interaction,
        model: type[FaceModel],
        values: dict[str, Any],
        more: Sequence[Upload],
        find_place: Callable[[], Awaitable[Place]],
        *,
        refusal: Callable[[Exception], ui.LayoutView],
    ) -> None:
        try:
            place = await self._with_retries(find_place)
            try:
                # Orders that are being prepared count as waiting, or any number could pass the check at once.
                async with self._job_service.reserve(member_of(interaction)):
                    prepared = await self._prepare(interaction, place, model, values, more)
                    jobs = await self._job_service.order(*(order for order, _ in prepared))
            except OrderUnconfirmed as error:
                # The message stays, because the job shows itself there if it exists.
                card = error_card(self._message_for(error))
                await self._with_retries(lambda: self._messages.edit(place, card))
            except Exception as error:  # noqa: BLE001 - nobody else would answer the member
                await self._refuse(interaction, place, refusal(error))
            else:
                for job, (_, fingerprints) in zip(jobs, prepared, strict=True):
                    await self._access_guard.remember(job.id, fingerprints)
        except (Gone, *PASSING, discord.HTTPException) as failure:
            log.warning("order reply failed", error=type(failure).__name__)

    async def _refuse(self, interaction: Interaction, place: Place, card: ui.LayoutView) -> None:
        """Tell the member alone what is wrong, and remove the placeholder that everybody sees."""
        if place.hidden or not self._messages.has_token(place):
            await self._with_retries(lambda: self._messages.edit(place, card))
            return
        # Discord takes the first follow-up of a deferred reply for an edit of it, which everybody could read,
        # and none after the reply was deleted: https://github.com/discord/discord-api-docs/issues/3087
        await self._with_retries(
            lambda: self._messages.edit(place, note_card(self._text("refused.withdrawn")))
        )
        await self._with_retries(lambda: interaction.followup.send(view=card, ephemeral=True))
        await self._with_retries(partial(_delete_reply, interaction))

    async def _with_retries(self, act: Callable[[], Awaitable[T]]) -> T:
        """Wait out temporary failures of Discord, because nobody else would answer this member."""
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

    async def _prepare(
        self,
        interaction: Interaction,
        place: Place,
        model: type[FaceModel],
        values: dict[str, Any],
        more: Sequence[Upload],
    ) -> Sequence[tuple[Order, Mapping[str, Fingerprint]]]:
        member = member_of(interaction)
        # A strong reference keeps the semaphore; without any, nobody needs it.
        own_turn = self._preparing.setdefault(member.user_id, asyncio.Semaphore(MAX_PREPARING))
        try:
            async with own_turn:
                await self._access_guard.admit(interaction)
                terms = await self._job_service.terms(member, channels_of(interaction))
                return await self._validate(member, place, model, values, more, terms=terms)
        except asyncio.CancelledError:
            # No job exists yet, so the bot would not answer this member after its next start.
            raise ShuttingDown from None

    async def _validate(
        self,
        member: Member,
        place: Place,
        model: type[FaceModel],
        values: dict[str, Any],
        more: Sequence[Upload],
        *,
        terms: MemberTerms,
    ) -> Sequence[tuple[Order, Mapping[str, Fingerprint]]]:
        """Check the files and give them addresses, those of a batch one target after the other."""
        given = await with_face(self._saved_faces, member.user_id, model, values)
        files, filled = _fill_in(model, _with_defaults(model, given, terms))
        self._check_declared(model, files, more, terms)
        if (owner := avatar_owner(model, files)) is not None:
            await self._access_guard.admit_avatar(member, owner)
        # Whoever cannot pay for the shortest videos has no file read.
        await self._job_service.check(filled, member, terms, count=1 + len(more))
        ready = await self._face_sheets.ready(files, model.slots(), member, self._limits_of(terms))
        order = Order(filled, place, member, terms, avatar_of=owner, agreed=has_agreed(model, files))
        first, fingerprints = await self._with_files(order, ready, alone=not more)
        prepared = [(first, fingerprints)]
        for target in more:
            order, other = await self._with_files(
                replace(first, place=place), {model.target_slot(): target}, alone=False
            )
            prepared.append((order, {**fingerprints, **other}))
        return prepared

    async def _with_files(
        self, order: Order, files: Mapping[str, Upload], *, alone: bool
    ) -> tuple[Order, Mapping[str, Fingerprint]]:
        """The order with addresses for these files; one that is `alone` gets a copy of its target."""
        model, terms, member = order.model, order.terms, order.member
        copied = model.target_slot() if alone and self._original_previews.enabled else ""
        async with self._inputs.loaded(model.slots(), files, self._limits_of(terms), copied=copied) as loaded:
            seconds = max((each.found.media.seconds or 0 for each in loaded.values()), default=0) or None
            if seconds is not None:
                await self._job_service.check(model, member, terms, seconds)
            fingerprints = {name: each.found.fingerprint for name, each in loaded.items()}
            fingerprints |= await self._face_sheets.fingerprints(files)
            await self._access_guard.admit_inputs(member, fingerprints)
            doubtful = [name for name, each in loaded.items() if each.found.doubtful]
            doubtful += [
                name for name, file in files.items() if isinstance(file, FaceSheet) and file.doubtful
            ]
            if doubtful and not await self._access_guard.has_moderators(member):
                raise Unusable(doubtful[0], files[doubtful[0]].filename, Explicit())
            order = replace(order, doubtful=order.doubtful or bool(doubtful))
            for each in loaded.values():
                if each.found.loops is not None:
                    # An animation comes back as one.
                    order = replace(order, place=replace(order.place, gif_loops=each.found.loops))
            addresses = await self._inputs.addresses(files, loaded)
        small_copy = loaded[copied].found.small_copy if copied else None
        if small_copy is not None:
            self._original_previews.keep(order.place, small_copy)
        filled = model.model_copy(update=addresses)
        return replace(order, model=filled, video_seconds=seconds), fingerprints

    def _check_declared(
        self,
        model: type[FaceModel],
        files: Mapping[str, OrderFile],
        more: Sequence[Upload],
        terms: MemberTerms,
    ) -> None:
        uploads = [(name, each) for name, file in files.items() for each in uploads_of(file)]
        for name, each in (*uploads, *((model.target_slot(), target) for target in more)):
            self._inputs.check_declared(model.slots(), {name: each}, self._limits_of(terms))

    def _limits_of(self, terms: MemberTerms) -> Limits:
        return self._limits.at_most(
            picture_bytes=terms.limits.picture_bytes,
            video_bytes=terms.limits.video_bytes,
            video_seconds=terms.limits.video_seconds,
        )


def _with_defaults(model: type[FaceModel], values: Mapping[str, Any], terms: MemberTerms) -> dict[str, Any]:
    """The values, with the server's format of pictures where the member chose none."""
    option, chosen = model.format_option(), terms.defaults.image_format
    if option is None or chosen not in option.choices:
        return dict(values)
    return {option.name: chosen, **values}


def _first_frame(file: OrderFile, name: str) -> OrderFile:
    return file.with_first_frame(name) if isinstance(file, FacePhotos) else FirstFrame(file)


def _fill_in(model: type[FaceModel], values: Mapping[str, Any]) -> tuple[Mapping[str, OrderFile], FaceModel]:
    """The files of an order, and the model with Discord's own links, so that its options can be checked."""
    files = {name: values[name] for name in model.slots() if name in values}
    links = {model.face_slot(): NO_LINK} | {name: file.url or NO_LINK for name, file in files.items()}
    return files, model.model_validate(dict(values) | links)


async def _delete_reply(interaction: Interaction) -> None:
    try:
        await interaction.delete_original_response()
    except discord.NotFound:
        log.info("reply of a refused order is gone already")


async def make_place(
    interaction: Interaction, display: DisplayOptions, until: float, message_id: int | None
) -> Place:
    return Place(
        user_id=interaction.user.id,
        channel_id=interaction.channel_id or 0,
        message_id=message_id or (await interaction.original_response()).id,
        application_id=interaction.application_id,
        token=interaction.token,
        token_until=until,
        guild_id=interaction.guild_id,
        locale=str(interaction.locale),
        upload_limit=interaction.filesize_limit,
        hidden=bool(display.hidden),
        spoiler=bool(display.spoiler),
        direct=display.direct,
        gif_loops=0 if display.as_gif else None,
    )
