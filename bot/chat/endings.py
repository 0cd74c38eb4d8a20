"""The end of a job on its way to the member: by every way that is still open, one after the other."""

from collections.abc import Mapping

import discord
import structlog

from bot.chat.card import Card, end_card
from bot.chat.messages import Messages
from bot.chat.results import Result, Results
from bot.chat.text import Text
from bot.chat.ways import Refusal, Way, after, refusal
from bot.credits.account import account_of
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, State
from bot.models import ModelCard

log = structlog.stdlib.get_logger(__name__)

# What every place takes, in bytes: a channel may take less than the reply in it had promised.
EVERYWHERE = 10 * 2**20

_DELIVERED: Mapping[Way, Delivery] = {
    Way.WEBHOOK: Delivery.EDITED,
    Way.CHANNEL: Delivery.EDITED,
    Way.REPLY: Delivery.REPLIED,
    Way.DIRECT: Delivery.DIRECT,
}


class Endings:
    def __init__(
        self, *, messages: Messages, results: Results, cards: Mapping[str, ModelCard], text: Text
    ) -> None:
        self._messages = messages
        self._results = results
        self._cards = cards
        self._text = text

    async def deliver(self, job: Job, content: bytes | None) -> Delivery:
        """Passing faults are raised, so that it is tried again from the first way; lasting ones end it."""
        result = None
        if content is not None:
            result = await self._results.prepare(job, content, job.place.upload_limit)
        refusals: list[str] = []
        way: Way | Delivery = Way.WEBHOOK
        if not self._messages.has_token(job.place):
            way = await self._onward(job, way, Refusal.CLOSED)
        while isinstance(way, Way):
            try:
                await self._put(way, job, result)
            except discord.HTTPException as error:
                refusals.append(f"{way} {error.status}/{error.code}")
                refused = refusal(way, error.status, error.code, error.text, hidden=job.place.hidden)
                if refused is Refusal.PASSING:
                    raise
                if refused is Refusal.TOO_LARGE and content is not None and result is not None:
                    result = await self._smaller(job, content, result)
                else:
                    way = await self._onward(job, way, refused)
            else:
                way = _DELIVERED[way]
        if way is not Delivery.EDITED:
            # That somebody deleted a message is nothing to be warned of.
            tell = log.info if way is Delivery.GONE else log.warning
            tell("the message of the job cannot show its end", delivery=way, refusals=refusals)
        return way

    async def _put(self, way: Way, job: Job, result: Result | None) -> None:
        files = [] if result is None else [result.file()]
        await self._messages.put(way, job.place, self._card(way, job, result), files, nonce=job.id)

    def _card(self, way: Way, job: Job, result: Result | None) -> Card:
        ordered = f"<t:{int(job.created_at)}:f>"
        match way:
            case Way.WEBHOOK | Way.CHANNEL:
                heading = ""
            case Way.REPLY:
                heading = self._text("elsewhere.reply", member=f"<@{job.place.user_id}>", ordered=ordered)
            case Way.DIRECT:
                heading = self._text("elsewhere.direct", address=_address(job), ordered=ordered)
        return end_card(self._cards[job.slug], job, self._text, result, heading=heading)

    async def _smaller(self, job: Job, content: bytes, refused: Result) -> Result | None:
        """Made to fit once more; after that, a card without the file says where it is."""
        if refused.limit < job.place.upload_limit:
            return None
        return await self._results.prepare(job, content, min(len(refused.content) // 2, EVERYWHERE))

    async def _onward(self, job: Job, way: Way, refused: Refusal) -> Way | Delivery:
        match refused:
            case Refusal.GONE:
                return Delivery.GONE
            case Refusal.CLOSED:
                onward = after(way, hidden=job.place.hidden)
            case Refusal.NO_ACCESS:
                onward = Way.DIRECT
            case _:
                onward = None
        # Whoever cancelled a job knows how it ended.
        if onward is None or (onward is not Way.CHANNEL and job.state is State.CANCELLED):
            return Delivery.KEPT
        if onward is Way.DIRECT and await self._was_sent_away(job):
            return Delivery.GONE
        return onward

    async def _was_sent_away(self, job: Job) -> bool:
        """Whether the bot was in the server of the job, and is not any more."""
        place = job.place
        was_there = job.account == account_of(guild_id=place.guild_id, user_id=place.user_id)
        return place.guild_id is not None and was_there and not await self._messages.knows(place.guild_id)


def _address(job: Job) -> str:
    place = job.place
    return f"https://discord.com/channels/{place.guild_id or '@me'}/{place.channel_id}/{place.message_id}"
