"""The end of a job on its way to the member: by every way that is still open, one after the other."""

from collections.abc import Mapping

import discord
import structlog

from bot.chat.delivery.job_buttons import end_rows, show_rows
from bot.chat.delivery.result_card import elsewhere_card, end_card
from bot.chat.delivery.result_file import EVERYWHERE, Result, Results
from bot.chat.messages import Gone, Messages, address_of
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.routes import DeliveryError, Route, classify, next_route
from bot.chat.text import Text
from bot.chat.ui.card import Card, CardMedia, OriginalPreview
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, State
from bot.ledger.account import account_of
from bot.models import FaceModel

log = structlog.stdlib.get_logger(__name__)

_DELIVERED: Mapping[Route, Delivery] = {
    Route.WEBHOOK: Delivery.EDITED,
    Route.CHANNEL: Delivery.EDITED,
    Route.REPLY: Delivery.REPLIED,
    Route.DIRECT: Delivery.DIRECT,
}


class ResultDelivery:
    def __init__(
        self,
        *,
        messages: Messages,
        results: Results,
        models: Mapping[str, type[FaceModel]],
        text: Text,
        original_previews: OriginalPreviews,
    ) -> None:
        self._messages = messages
        self._results = results
        self._models = models
        self._text = text
        self._original_previews = original_previews
        # Results that arrived in private, while the message in the channel could not be changed yet.
        self._arrived: set[str] = set()

    async def deliver(self, job: Job, content: bytes | None) -> Delivery:
        """Passing faults are raised, so that it is tried again from the first way; lasting ones end it."""
        if job.reason is not None and job.reason.waits:
            card = end_card(self._models[job.slug], job, self._text)
            await self._edit_message(job, card)
            return Delivery.AWAITED
        if job.place.direct and job.state is State.DONE and not job.is_kept_back:
            delivery = await self._deliver_in_private(job, content)
        else:
            delivery = await self._deliver(job, content)
        self._original_previews.forget(job)
        return delivery

    async def _deliver_in_private(self, job: Job, content: bytes | None) -> Delivery:
        if job.id not in self._arrived:
            delivery = await self._deliver(job, content, Route.DIRECT)
            if delivery is not Delivery.DIRECT and job.place.hidden:
                # Where nobody else would see it either.
                return await self._deliver(job, content)
            if delivery is Delivery.DIRECT:
                self._arrived.add(job.id)
        arrived = job.id in self._arrived
        await self._edit_message(job, self._elsewhere(job, arrived=arrived))
        self._arrived.discard(job.id)
        return Delivery.DIRECT if arrived else Delivery.KEPT

    async def _edit_message(self, job: Job, card: Card) -> None:
        """In the message of the job or nowhere: the end itself is elsewhere, or is to come."""
        try:
            await self._messages.edit(job.place, card)
        except Gone:
            log.info("the message of the job cannot say where its end is")
        except discord.HTTPException as error:
            if (
                classify(Route.CHANNEL, error.status, error.code, error.text, hidden=False)
                is DeliveryError.PASSING
            ):
                raise
            log.info("the message of the job cannot say where its end is", code=error.code)

    async def _deliver(
        self, job: Job, content: bytes | None, way: Route | Delivery = Route.WEBHOOK
    ) -> Delivery:
        result = await self._prepared(job, content)
        before = None if result is None else self._original_previews.of(self._models[job.slug], job)
        refusals: list[str] = []
        if way is Route.WEBHOOK and not self._messages.has_token(job.place):
            way = await self._next_route(job, way, DeliveryError.CLOSED)
        while isinstance(way, Route):
            try:
                await self._put(way, job, result, before)
            except discord.HTTPException as error:
                refusals.append(f"{way} {error.status}/{error.code}")
                refused = classify(
                    way,
                    error.status,
                    error.code,
                    error.text,
                    hidden=job.place.hidden,
                    in_server=job.place.guild_id is not None,
                )
                if refused is DeliveryError.PASSING:
                    raise
                if refused in {DeliveryError.LASTING, DeliveryError.TOO_LARGE} and before is not None:
                    # It may be the picture beside the result that is refused.
                    before = None
                elif refused is DeliveryError.TOO_LARGE and content is not None and result is not None:
                    result = await self._smaller(job, content, result)
                else:
                    way = await self._next_route(job, way, refused)
            else:
                way = _DELIVERED[way]
        if way is not Delivery.EDITED and not (way is Delivery.DIRECT and job.place.direct):
            # That somebody deleted a message is nothing to be warned of.
            tell = log.info if way is Delivery.GONE else log.warning
            tell("the message of the job cannot show its end", delivery=way, refusals=refusals)
        return way

    async def _prepared(self, job: Job, content: bytes | None) -> Result | None:
        if content is None:
            return None
        return await self._results.prepare(job, content, job.place.upload_limit)

    async def _put(self, way: Route, job: Job, result: Result | None, before: OriginalPreview | None) -> None:
        files = [] if result is None else [result.file()]
        files += [] if before is None else before.files()
        look = CardMedia(
            shown=result,
            before=before,
            spoiler=job.place.spoiler,
            rows=end_rows(
                self._models, job, self._text, public=way is not Route.DIRECT and not job.place.hidden
            ),
            heading=self._heading(way, job),
        )
        card = end_card(self._models[job.slug], job, self._text, look)
        await self._messages.put(way, job.place, card, files, nonce=job.id)

    def _elsewhere(self, job: Job, *, arrived: bool) -> Card:
        rows = [] if arrived else show_rows(job, self._text)
        return elsewhere_card(self._models[job.slug], job, self._text, CardMedia(rows=rows), arrived=arrived)

    def _heading(self, way: Route, job: Job) -> str:
        ordered = f"<t:{int(job.created_at)}:f>"
        match way:
            case Route.WEBHOOK | Route.CHANNEL:
                return ""
            case Route.REPLY:
                return self._text("elsewhere.reply", member=f"<@{job.place.user_id}>", ordered=ordered)
            case Route.DIRECT if job.place.direct:
                return self._text("elsewhere.wished", address=address_of(job.place), ordered=ordered)
            case Route.DIRECT:
                return self._text("elsewhere.direct", address=address_of(job.place), ordered=ordered)

    async def _smaller(self, job: Job, content: bytes, refused: Result) -> Result | None:
        """Made to fit once more; after that, a card without the file says where it is."""
        if refused.limit < job.place.upload_limit:
            return None
        return await self._results.prepare(job, content, min(len(refused.content) // 2, EVERYWHERE))

    async def _next_route(self, job: Job, way: Route, refused: DeliveryError) -> Route | Delivery:
        match refused:
            case DeliveryError.GONE:
                return Delivery.GONE
            case DeliveryError.CLOSED:
                onward = next_route(way, hidden=job.place.hidden)
            case DeliveryError.NO_ACCESS:
                onward = Route.DIRECT
            case _:
                onward = None
        # Whoever cancelled a job knows how it ended.
        if onward is None or (onward is not Route.CHANNEL and job.state is State.CANCELLED):
            return Delivery.KEPT
        if onward is Route.DIRECT and await self._was_sent_away(job):
            return Delivery.GONE
        return onward

    async def _was_sent_away(self, job: Job) -> bool:
        """Whether the bot was in the server of the job, and is not any more."""
        place = job.place
        was_there = job.account == account_of(guild_id=place.guild_id, user_id=place.user_id)
        return place.guild_id is not None and was_there and not await self._messages.knows(place.guild_id)
