"""Requests for approval: results that moderators see in the server's log before anybody else does."""

from collections.abc import Callable
from dataclasses import replace

import structlog
from discord import ui

from bot.chat.delivery.result_card import OUTPUT_SECONDS
from bot.chat.delivery.result_file import MIN_UPLOAD_LIMIT, Results
from bot.chat.messages import DISCORD_ERRORS, NOBODY
from bot.chat.moderation.approval_card import approval_card
from bot.chat.shared import Shared
from bot.chat.text import speaking
from bot.chat.ui.card import Attachment, error_card
from bot.chat.ui.info_card import as_code
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job
from bot.ledger.allowance import DAY
from bot.moderation.approvals import Approval, server_of

log = structlog.stdlib.get_logger(__name__)

NAME_LIMIT = 100


class ApprovalRequester:
    """Posts results that wait for approval to the log of their server."""

    def __init__(
        self,
        shared: Shared,
        results: Results,
        tell_operators: Callable[[Callable[[], ui.LayoutView]], None],
    ) -> None:
        self._approvals = shared.store.approvals
        self._ledger = shared.store
        self._results = results
        self._client = shared.client
        self._tell_operators = tell_operators
        self._cards = shared.cards
        self._text = shared.text
        self._clock = shared.clock
        # The bot keeps a result's address for so many days; after that, it cannot show the result to anybody.
        self._days = shared.settings.retention.jobs_days
        # Servers whose log cannot be reached; the operators were told once for each.
        self._unreachable_logs: set[int] = set()

    async def approval_of(self, job: Job) -> Approval | None:
        """Current approval of the result, or None if it needs none."""
        guild_id = server_of(job)
        if guild_id is None:
            return None
        rules = await self._ledger.rules(guild_id)
        needed = rules.approve or job.doubtful or (rules.approve_strangers and not job.agreed)
        if job.delivery != Delivery.AWAITED and not needed:
            return None
        return await self._found_or_new(job, guild_id)

    async def approval_if_doubtful(self, job: Job) -> Approval | None:
        """Approval of a result about which the safety gate is in doubt, or None if nobody can be asked."""
        guild_id = server_of(job)
        if guild_id is None or (await self._ledger.rules(guild_id)).log_channel is None:
            return None
        return await self._found_or_new(job, guild_id)

    async def open(self, approval: Approval) -> Approval:
        """Store the approval, so that it survives this process, and return it as stored."""
        return await self._approvals.ask(approval.job_id, approval.guild_id, approval.lapses_at)

    async def ask(self, approval: Approval, job: Job, content: bytes | None) -> bool:
        """Post the result to the log. Return False if the log cannot be reached."""
        if approval.card is not None:
            return True
        guild_id = approval.guild_id
        channel_id = await self.log_of(guild_id)
        # A result that cannot be fetched right now is posted later; the log itself can be reached.
        is_posted = channel_id is not None and (
            content is None or await self._post(approval, job, content, channel_id)
        )
        if is_posted:
            self._unreachable_logs.discard(guild_id)
        else:
            self._tell_once(guild_id)
        return is_posted

    async def log_of(self, guild_id: int) -> int | None:
        """Channel of the server's log, or None if the bot may not write there.

        Decided by what this process knows, because each request that Discord rejects counts against the bot.
        """
        channel_id = (await self._ledger.rules(guild_id)).log_channel
        guild = self._client.get_guild(guild_id)
        if channel_id is None or guild is None:
            # Another process serves this server and knows its channels.
            return channel_id
        channel = guild.get_channel_or_thread(channel_id)
        if channel is None:
            return None
        may = channel.permissions_for(guild.me)
        return channel_id if may.view_channel and may.send_messages and may.attach_files else None

    def is_gone(self, approval: Approval, job: Job) -> bool:
        """Return whether the result can no longer be fetched by anybody."""
        return job.output is None or self._clock.now() >= approval.lapses_at

    def card(self, approval: Approval, job: Job, picture: Attachment | None = None) -> ui.LayoutView:
        """Card of the request in the language of the server."""
        guild = self._client.get_guild(approval.guild_id)
        with speaking("" if guild is None else str(guild.preferred_locale)):
            return approval_card(approval, job, self._cards, self._text, picture)

    async def redraw(self, approval: Approval, job: Job) -> None:
        """Update the card in the log and take its picture away."""
        if approval.card is None:
            return
        channel_id, message_id = approval.card
        channel = self._client.get_partial_messageable(channel_id, guild_id=approval.guild_id)
        try:
            message = channel.get_partial_message(message_id)
            await message.edit(view=self.card(approval, job), attachments=[], allowed_mentions=NOBODY)
        except DISCORD_ERRORS as error:
            log.info("approval card not updated", job=job.id, reason=type(error).__name__)

    async def _post(self, approval: Approval, job: Job, content: bytes, channel_id: int) -> bool:
        spoilered = replace(job, place=replace(job.place, spoiler=True))
        result = await self._results.prepare(spoilered, content, MIN_UPLOAD_LIMIT)
        channel = self._client.get_partial_messageable(channel_id, guild_id=approval.guild_id)
        try:
            sent = await channel.send(
                view=self.card(approval, job, result),
                files=[] if result is None else [result.file()],
                nonce=f"ask{job.id}"[:25],
                allowed_mentions=NOBODY,
            )
        except DISCORD_ERRORS as error:
            log.warning("approval request not posted", job=job.id, reason=type(error).__name__)
            return False
        await self._approvals.record_card(job.id, channel_id, sent.id)
        return True

    def _tell_once(self, guild_id: int) -> None:
        if guild_id in self._unreachable_logs:
            return
        self._unreachable_logs.add(guild_id)
        log.warning("log of a server with waiting results unreachable", guild=guild_id)
        guild = self._client.get_guild(guild_id)
        name = as_code("" if guild is None else guild.name, NAME_LIMIT)
        self._tell_operators(lambda: error_card(self._text("operator.unheard", server=name, id=guild_id)))

    async def _found_or_new(self, job: Job, guild_id: int) -> Approval:
        found = await self._approvals.find(job.id)
        return found or Approval(job.id, guild_id, self._clock.now(), self._lapses_at(job))

    def _lapses_at(self, job: Job) -> float:
        """Time when Segmind deletes the result or the bot deletes its address, whichever comes first."""
        made_at = job.submitted_at or job.created_at
        return min(made_at + OUTPUT_SECONDS, job.created_at + self._days * DAY)
