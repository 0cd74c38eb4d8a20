"""Preparation of an order: checks who orders, the options and the files, and gives the files addresses."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog

from bot.chat.access.guard import AccessGuard
from bot.chat.members import channels_of
from bot.chat.orders.attachments import Attachments, Unusable, Upload
from bot.chat.orders.faces.avatars import avatar_owner, has_agreed
from bot.chat.orders.faces.face_sheets import FaceSheet, FaceSheets, OrderFile, uploads_of
from bot.chat.orders.faces.saved_faces import NoFace, with_face
from bot.chat.orders.order_request import OrderRequest, fill_in, with_defaults
from bot.chat.orders.original_preview import OriginalPreviews
from bot.faces.saved_faces import SavedFaces
from bot.jobs.job import Place
from bot.jobs.service import JobService, Order
from bot.ledger.policy import MemberTerms
from bot.media.fingerprints import Fingerprint
from bot.media.types import Explicit, Limits

log = structlog.stdlib.get_logger(__name__)

# Discord waits three seconds for the first answer, and the question for consent may have taken some of them.
EARLY_CHECK_SECONDS = 1.0

PreparedOrder = tuple[Order, Mapping[str, Fingerprint]]
"""An order whose files have addresses, and the fingerprints of the files."""


class OrderPreparation:
    """Turns a member's request into an order, or raises the error that it contains."""

    def __init__(
        self,
        *,
        job_service: JobService,
        access_guard: AccessGuard,
        inputs: Attachments,
        face_sheets: FaceSheets,
        saved_faces: SavedFaces,
        original_previews: OriginalPreviews,
        limits: Limits,
    ) -> None:
        """`limits` are the operator's; a server can set lower ones."""
        self._job_service = job_service
        self._access_guard = access_guard
        self._inputs = inputs
        self._face_sheets = face_sheets
        self._saved_faces = saved_faces
        self._original_previews = original_previews
        self._limits = limits
        self._preparing: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def check_early(self, request: OrderRequest) -> OrderRequest:
        """Raise what is known without the files, so that only the member reads it; complete the request.

        A slow database is asked again after the reply was deferred. The server's defaults come too late for
        the reply then, so it is shown as its member chose. A missing face is raised last, because the member
        can add it.
        """
        model, values, display = request.model, request.values, request.display
        member, missing = request.member, None
        try:
            async with asyncio.timeout(EARLY_CHECK_SECONDS):
                await self._access_guard.admit(request.interaction)
                try:
                    values = await with_face(self._saved_faces, member.user_id, model, values)
                except NoFace as error:
                    missing = error
                    values = {name: value for name, value in values.items() if value is not None}
                terms = await self._job_service.terms(member, channels_of(request.interaction))
                values = with_defaults(model, values, terms)
                files, filled = fill_in(model, values)
                self._check_declared(request, files, terms)
                await self._job_service.check(filled, member, terms, count=request.count)
                if (owner := avatar_owner(model, files)) is not None:
                    await self._access_guard.admit_avatar(member, owner)
                display = display.with_defaults(terms.defaults)
        except TimeoutError:
            log.info("order not checked before the reply was deferred")
        if missing is not None:
            raise missing
        return replace(request, values=values, display=display)

    async def prepare(self, request: OrderRequest, place: Place) -> Sequence[PreparedOrder]:
        """Make the orders, one for each target, once the member's earlier requests are prepared."""
        # A strong reference keeps the lock; without any, nobody needs it.
        own_turn = self._preparing.setdefault(request.member.user_id, asyncio.Lock())
        async with own_turn:
            await self._access_guard.admit(request.interaction)
            terms = await self._job_service.terms(request.member, channels_of(request.interaction))
            return await self._validate(request, place, terms)

    async def _validate(
        self, request: OrderRequest, place: Place, terms: MemberTerms
    ) -> Sequence[PreparedOrder]:
        """Check the files and give them addresses, those of a batch one target after the other."""
        model, member = request.model, request.member
        given = await with_face(self._saved_faces, member.user_id, model, request.values)
        files, filled = fill_in(model, with_defaults(model, given, terms))
        self._check_declared(request, files, terms)
        if (owner := avatar_owner(model, files)) is not None:
            await self._access_guard.admit_avatar(member, owner)
        # The bot reads no file of a member who cannot pay for the shortest videos.
        await self._job_service.check(filled, member, terms, count=request.count)
        ready = await self._face_sheets.ready(files, model.slots(), member, self._limits_of(terms))
        order = Order(filled, place, member, terms, avatar_of=owner, agreed=has_agreed(model, files))
        first, fingerprints = await self._with_files(order, ready, alone=not request.more)
        prepared = [(first, fingerprints)]
        for target in request.more:
            order, other = await self._with_files(
                replace(first, place=place), {model.target_slot(): target}, alone=False
            )
            prepared.append((order, {**fingerprints, **other}))
        return prepared

    async def _with_files(self, order: Order, files: Mapping[str, Upload], *, alone: bool) -> PreparedOrder:
        """The order with addresses for these files; one that is `alone` gets a copy of its target."""
        model, terms, member = order.model, order.terms, order.member
        copied = model.target_slot() if alone and self._original_previews.enabled else ""
        async with self._inputs.loaded(
            model.slots(), files, self._limits_of(terms), member_id=member.user_id, copied=copied
        ) as loaded:
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
        self, request: OrderRequest, files: Mapping[str, OrderFile], terms: MemberTerms
    ) -> None:
        model, limits = request.model, self._limits_of(terms)
        uploads = [(name, each) for name, file in files.items() for each in uploads_of(file)]
        for name, each in (*uploads, *((model.target_slot(), target) for target in request.more)):
            self._inputs.check_declared(model.slots(), {name: each}, limits)

    def _limits_of(self, terms: MemberTerms) -> Limits:
        return self._limits.at_most(
            picture_bytes=terms.limits.picture_bytes,
            video_bytes=terms.limits.video_bytes,
            video_seconds=terms.limits.video_seconds,
        )
