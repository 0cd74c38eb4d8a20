"""Asks moderators about results before anybody else sees them, in the log of their server."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import aiohttp
import discord
import structlog
from discord import ui

from bot.chat.delivery.result_card import OUTPUT_SECONDS
from bot.chat.delivery.result_file import EVERYWHERE, Results
from bot.chat.messages import NOBODY
from bot.chat.moderation.approval_card import approval_card
from bot.chat.text import Text, speaking
from bot.chat.ui.card import Attachment, error_card
from bot.chat.ui.info_card import as_code
from bot.clock import Clock
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.ledger.allowance import DAY
from bot.ledger.ledger import Ledger
from bot.models import ModelCard
from bot.moderation.approvals import Approval, ApprovalRepository, server_of

log = structlog.stdlib.get_logger(__name__)

PASSING = (discord.HTTPException, aiohttp.ClientError, OSError)
NAME_LIMIT = 100


class ApprovalRequester:
    def __init__(
        self,
        book: ApprovalRepository,
        books: Ledger,
        *,
        results: Results,
        client: discord.Client,
        tell_operators: Callable[[Callable[[], ui.LayoutView]], None],
        cards: Mapping[str, ModelCard],
        text: Text,
        clock: Clock,
        days: float,
    ) -> None:
        """`days` is for how long it is kept where a result is: longer, nobody can be asked about it."""
        self._book = book
        self._books = books
        self._results = results
        self._client = client
        self._tell_operators = tell_operators
        self._cards = cards
        self._text = text
        self._clock = clock
        self._days = days
        # Servers whose log cannot be reached, of which the operators know.
        self._unreachable_logs: set[int] = set()

    async def approval_of(self, job: Job) -> Approval | None:
        """How it stands with a result that is there; none where it needs nobody's approval."""
        guild_id = server_of(job)
        if guild_id is None:
            return None
        if job.delivery != Delivery.AWAITED and not (await self._books.rules(guild_id)).approve:
            return None
        found = await self._book.find(job.id)
        return found or Approval(job.id, guild_id, self._clock.now(), self._lapses_at(job))

    async def note(self, approval: Approval) -> Approval:
        """From here on it waits, whatever happens to this process; as it stands."""
        return await self._book.ask(approval.job_id, approval.guild_id, approval.lapses_at)

    async def ask(self, approval: Approval, job: Job, content: bytes | None) -> bool:
        """Whether moderators can see it in the log, now or as soon as there is something to see."""
        if approval.card is not None:
            return True
        guild_id = approval.guild_id
        channel_id = await self.log_of(guild_id)
        # A result that is out of reach is asked about later; that is not for want of a log.
        heard = channel_id is not None and (
            content is None or await self._post(approval, job, content, channel_id)
        )
        if heard:
            self._unreachable_logs.discard(guild_id)
        else:
            self._tell_once(guild_id)
        return heard

    async def log_of(self, guild_id: int) -> int | None:
        """The channel in which moderators are asked; none where the bot may not write there.

        As far as this process knows: each of Discord's refusals counts against the bot.
        """
        channel_id = (await self._books.rules(guild_id)).log_channel
        guild = self._client.get_guild(guild_id)
        if channel_id is None or guild is None:
            # Of a server that another process serves, nothing more is known here.
            return channel_id
        channel = guild.get_channel_or_thread(channel_id)
        if channel is None:
            return None
        may = channel.permissions_for(guild.me)
        return channel_id if may.view_channel and may.send_messages and may.attach_files else None

    def is_gone(self, approval: Approval, job: Job) -> bool:
        """Whether what could not be fetched is not to be had any more, by nobody."""
        return job.output is None or self._clock.now() >= approval.lapses_at

    def card(self, approval: Approval, job: Job, picture: Attachment | None = None) -> ui.LayoutView:
        """As it stands, in the language of the server."""
        guild = self._client.get_guild(approval.guild_id)
        with speaking("" if guild is None else str(guild.preferred_locale)):
            return approval_card(approval, job, self._cards, self._text, picture)

    async def redraw(self, approval: Approval, job: Job) -> None:
        """The card in the log, as it stands, without the picture."""
        if approval.card is None:
            return
        channel_id, message_id = approval.card
        channel = self._client.get_partial_messageable(channel_id, guild_id=approval.guild_id)
        try:
            message = channel.get_partial_message(message_id)
            await message.edit(view=self.card(approval, job), attachments=[], allowed_mentions=NOBODY)
        except PASSING as error:
            log.info("the card of a result cannot say more", job=job.id, reason=type(error).__name__)

    async def _post(self, approval: Approval, job: Job, content: bytes, channel_id: int) -> bool:
        covered = replace(job, place=replace(job.place, spoiler=True))
        result = await self._results.prepare(covered, content, EVERYWHERE)
        channel = self._client.get_partial_messageable(channel_id, guild_id=approval.guild_id)
        try:
            sent = await channel.send(
                view=self.card(approval, job, result),
                files=[] if result is None else [result.file()],
                nonce=f"ask{job.id}"[:25],
                allowed_mentions=NOBODY,
            )
        except PASSING as error:
            log.warning("nobody could be asked about a result", job=job.id, reason=type(error).__name__)
            return False
        await self._book.posted(job.id, channel_id, sent.id)
        return True

    def _tell_once(self, guild_id: int) -> None:
        if guild_id in self._unreachable_logs:
            return
        self._unreachable_logs.add(guild_id)
        log.warning("results wait for moderators who cannot be told", guild=guild_id)
        guild = self._client.get_guild(guild_id)
        name = as_code("" if guild is None else guild.name, NAME_LIMIT)
        self._tell_operators(lambda: error_card(self._text("operator.unheard", server=name, id=guild_id)))

    def _lapses_at(self, job: Job) -> float:
        """Segmind deletes its results by themselves, and the bot forgets where they are."""
        made_at = job.submitted_at or job.created_at
        return min(made_at + OUTPUT_SECONDS, job.created_at + self._days * DAY)
