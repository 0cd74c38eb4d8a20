"""Answers whether the bot made the files of a message."""

import asyncio

import aiohttp
import discord

from bot.chat.access.permissions import NotModerator, require_moderator
from bot.chat.interactions import Interaction
from bot.chat.orders.attachments import Unreadable, Unusable, Upload
from bot.chat.orders.message_media import NothingPosted, posted_in
from bot.chat.orders.reorder import Source
from bot.chat.shared import Shared
from bot.chat.ui.info_card import InfoCard, mention_or_unknown
from bot.chat.ui.labels import title_of
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.job import short_id
from bot.media import operations
from bot.media.types import Limits, TooLarge, UnusableMedia
from bot.media.workers import MediaWorkers
from bot.moderation.origin import CheckQuota, Evidence, Origin

# Files of a message that are checked; a result card has one, or two with the original.
_MOST_FILES = 4
_ANSWERS = {
    Evidence.WATERMARK: "origin.watermark",
    Evidence.BYTES: "origin.bytes",
    Evidence.LIKENESS: "origin.likeness",
}


class OriginCheck:
    """Answers the message menu "Was this made here?", for everybody and for free."""

    def __init__(self, shared: Shared, source: Source, workers: MediaWorkers, limits: Limits) -> None:
        self._origins = shared.store.moderation
        self._find_job = shared.store.find
        self.quota = CheckQuota(shared.clock)
        self._source = source
        self._workers = workers
        self._limits = limits
        self._distance = shared.settings.safety.distance
        self._operators = shared.settings.discord.operators
        self._cards = shared.cards
        self._text = shared.text
        # One file at a time, because a media worker reads one at a time and each may be large.
        self._turn = asyncio.Lock()

    async def answer(self, interaction: Interaction, message: discord.Message) -> None:
        files = [posted.file for posted in posted_in(message, self._source)][:_MOST_FILES]
        if not files:
            raise NothingPosted
        await defer_ephemeral(interaction)
        lines: list[str] = []
        for number, file in enumerate(files, 1):
            self.quota.take(interaction.user.id)
            if len(files) > 1:
                lines.append(self._text("origin.file", number=number))
            lines += await self._lines(interaction, await self._origin_of(file))
        await send_deferred(interaction, InfoCard(self._text("origin.title"), lines, self._text))

    async def _origin_of(self, file: Upload) -> Origin | None:
        most = max(self._limits.picture_bytes, self._limits.video_bytes)
        if file.size > most:
            raise Unusable("", file.filename, TooLarge(file.size, most))
        async with self._turn:
            try:
                content = await file.read()
                mark = await self._workers.detection.run(operations.detect_mark, content, self._limits)
            except UnusableMedia as reason:
                raise Unusable("", file.filename, reason) from None
            except (discord.HTTPException, aiohttp.ClientError, TimeoutError) as error:
                raise Unreadable("", file.filename) from error
        return await self._origins.find_origin(mark, self._distance)

    async def _lines(self, interaction: Interaction, origin: Origin | None) -> list[str]:
        text = self._text
        if origin is None:
            return [text("origin.none")]
        job = None if origin.job_id is None else await self._find_job(origin.job_id)
        if job is None:
            key = "origin.deleted" if origin.day is None else "origin.unknown"
            return [text(key, day=_date(origin.day or 0))]
        facts = {"day": _date(job.created_at), "model": title_of(job.slug, self._cards)}
        lines = [text(_ANSWERS[origin.evidence], **facts)]
        if self._moderates(interaction, job.place.guild_id):
            member = mention_or_unknown(job.place.user_id, text)
            lines.append(text("origin.who", member=member, job=short_id(job.id)))
        return lines

    def _moderates(self, interaction: Interaction, guild_id: int | None) -> bool:
        try:
            require_moderator(interaction, guild_id, self._operators)
        except NotModerator:
            return False
        return True


def _date(at: float) -> str:
    return f"<t:{int(at)}:D>"
