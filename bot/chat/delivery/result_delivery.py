"""Delivery of a finished job to its member: tries each route until one works."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import discord
import structlog

from bot.chat.delivery.batch_cards import BatchCards
from bot.chat.delivery.job_buttons import end_rows, show_rows
from bot.chat.delivery.result_card import elsewhere_card, end_card
from bot.chat.delivery.result_file import MIN_UPLOAD_LIMIT, Result, Results
from bot.chat.delivery.showcase import is_shareable
from bot.chat.messages import MessageGone, address_of
from bot.chat.orders.original_preview import OriginalPreviews
from bot.chat.routes import DeliveryError, Route, classify, next_route
from bot.chat.shared import Shared
from bot.chat.ui.card import Card, CardMedia, OriginalPreview
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, State
from bot.ledger.account import account_of
from bot.moderation.strikes import Strike

log = structlog.stdlib.get_logger(__name__)

_DELIVERED: Mapping[Route, Delivery] = {
    Route.WEBHOOK: Delivery.EDITED,
    Route.CHANNEL: Delivery.EDITED,
    Route.REPLY: Delivery.REPLIED,
    Route.DIRECT: Delivery.DIRECT,
}


class ResultDelivery:
    """Delivers results and failures to the members who ordered them."""

    def __init__(
        self,
        shared: Shared,
        results: Results,
        original_previews: OriginalPreviews,
        batch_cards: BatchCards,
        strike_of: Callable[[Job], Awaitable[Strike | None]],
    ) -> None:
        self._messages = shared.messages
        self._results = results
        self._models = shared.models
        self._text = shared.text
        self._original_previews = original_previews
        self._batch_cards = batch_cards
        self._rules = shared.store
        self._strike_of = strike_of
        # Jobs whose result was sent in private, but whose message in the channel is not edited yet.
        self._sent_in_private: set[str] = set()

    async def deliver(self, job: Job, content: bytes | None) -> Delivery:
        """Deliver a job; raise temporary errors, so that the caller tries again from the first route."""
        if job.batch is not None:
            self._batch_cards.set_end(job)
        if job.reason is not None and job.reason.waits:
            await self._edit_message(job, end_card(self._models[job.slug], job, self._text))
            return Delivery.AWAITED
        if job.place.direct and job.state is State.DONE and not job.is_kept_back:
            delivery = await self._deliver_in_private(job, content)
        else:
            delivery = await self._deliver(job, content)
        self._original_previews.forget(job)
        return delivery

    async def _deliver_in_private(self, job: Job, content: bytes | None) -> Delivery:
        if job.id not in self._sent_in_private:
            delivery = await self._deliver(job, content, Route.DIRECT)
            if delivery is Delivery.DIRECT:
                self._sent_in_private.add(job.id)
            elif job.place.hidden:
                # Only the member sees an ephemeral message, so it may show the result instead.
                return await self._deliver(job, content)
        arrived = job.id in self._sent_in_private
        if job.batch is not None:
            job = replace(job, delivery=Delivery.DIRECT if arrived else Delivery.KEPT)
            self._batch_cards.set_end(job)
        rows = [] if arrived else show_rows(job, self._text)
        card = elsewhere_card(self._models[job.slug], job, self._text, CardMedia(rows=rows), arrived=arrived)
        await self._edit_message(job, card)
        self._sent_in_private.discard(job.id)
        return Delivery.DIRECT if arrived else Delivery.KEPT

    async def _edit_message(self, job: Job, card: Card) -> None:
        """Edit the message of the job, or give up, because the card does not show the result anyway."""
        try:
            if job.batch is None:
                await self._messages.edit(job.place, card)
            else:
                await self._batch_cards.edit(job)
        except MessageGone:
            log.info("message of the job not edited")
        except discord.HTTPException as error:
            kind = classify(Route.CHANNEL, error.status, error.code, error.text, hidden=False)
            if kind is DeliveryError.PASSING:
                raise
            log.info("message of the job not edited", code=error.code)

    async def _deliver(self, job: Job, content: bytes | None, first: Route = Route.WEBHOOK) -> Delivery:
        result = None
        if content is not None:
            result = await self._results.prepare(job, content, job.place.upload_limit)
        alone = result is not None and job.batch is None
        preview = None if not alone else self._original_previews.of(self._models[job.slug], job)
        hidden, in_server = job.place.hidden, job.place.guild_id is not None
        errors: list[str] = []
        route: Route | Delivery = first
        if route is Route.WEBHOOK and not self._messages.has_token(job.place):
            route = await self._next_route(job, route, DeliveryError.CLOSED)
        while isinstance(route, Route):
            try:
                await self._send(route, job, result, preview)
            except discord.HTTPException as error:
                errors.append(f"{route} {error.status}/{error.code}")
                kind = classify(
                    route, error.status, error.code, error.text, hidden=hidden, in_server=in_server
                )
                if kind is DeliveryError.PASSING:
                    raise
                if kind in {DeliveryError.LASTING, DeliveryError.TOO_LARGE} and preview is not None:
                    # Discord may reject the preview next to the result, so try once without it.
                    preview = None
                elif kind is DeliveryError.TOO_LARGE and content is not None and result is not None:
                    result = await self._shrink(job, content, result)
                else:
                    route = await self._next_route(job, route, kind)
            else:
                route = _DELIVERED[route]
        if route is not Delivery.EDITED and not (route is Delivery.DIRECT and job.place.direct):
            # Somebody deleted the message on purpose, which is no reason for a warning.
            write = log.info if route is Delivery.GONE else log.warning
            write("result not shown in the message of the job", delivery=route, errors=errors)
        return route

    async def _send(
        self, route: Route, job: Job, result: Result | None, preview: OriginalPreview | None
    ) -> None:
        if job.batch is not None and route in {Route.WEBHOOK, Route.CHANNEL}:
            delivered = replace(job, delivery=Delivery.EDITED)
            await self._batch_cards.try_route(route, delivered, result)
            self._batch_cards.set_end(delivered)
            return
        files = [] if result is None else [result.file()]
        files += [] if preview is None else preview.files()
        public = route is not Route.DIRECT and not job.place.hidden
        media = CardMedia(
            shown=result,
            before=preview,
            spoiler=job.place.spoiler,
            rows=end_rows(
                self._models, job, self._text, public=public, can_share=public and await self._can_share(job)
            ),
            heading=self._heading(route, job),
        )
        strike = await self._strike_of(job)
        card = end_card(self._models[job.slug], job, self._text, media, strike)
        await self._messages.try_route(route, job.place, card, files, nonce=job.id)

    async def _can_share(self, job: Job) -> bool:
        return is_shareable(job) and (await self._rules.rules(job.place.guild_id or 0)).showcase is not None

    def _heading(self, route: Route, job: Job) -> str:
        ordered = f"<t:{int(job.created_at)}:f>"
        match route:
            case Route.WEBHOOK | Route.CHANNEL:
                return ""
            case Route.REPLY:
                return self._text("elsewhere.reply", member=f"<@{job.place.user_id}>", ordered=ordered)
            case Route.DIRECT if job.place.direct:
                return self._text("elsewhere.wished", address=address_of(job.place), ordered=ordered)
            case Route.DIRECT:
                return self._text("elsewhere.direct", address=address_of(job.place), ordered=ordered)

    async def _shrink(self, job: Job, content: bytes, rejected: Result) -> Result | None:
        """Make the result fit once more. After that, return None, and the card links to it instead."""
        if rejected.limit < job.place.upload_limit:
            return None
        return await self._results.prepare(job, content, min(len(rejected.content) // 2, MIN_UPLOAD_LIMIT))

    async def _next_route(self, job: Job, route: Route, error: DeliveryError) -> Route | Delivery:
        match error:
            case DeliveryError.GONE:
                return Delivery.GONE
            case DeliveryError.CLOSED:
                following = next_route(route, hidden=job.place.hidden)
            case DeliveryError.NO_ACCESS:
                following = Route.DIRECT
            case _:
                following = None
        # A member who cancelled a job needs no new message about it.
        if following is None or (following is not Route.CHANNEL and job.state is State.CANCELLED):
            return Delivery.KEPT
        if following is Route.DIRECT and await self._was_removed(job):
            return Delivery.GONE
        return following

    async def _was_removed(self, job: Job) -> bool:
        """Return whether the bot was a member of the job's server and no longer is."""
        place = job.place
        was_there = job.account == account_of(guild_id=place.guild_id, user_id=place.user_id)
        return place.guild_id is not None and was_there and not await self._messages.knows(place.guild_id)
