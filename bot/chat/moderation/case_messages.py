"""Messages about cases: in the log of a server, or in direct messages to the operators or its owner."""

from collections.abc import Sequence
from dataclasses import replace

import discord
import structlog

from bot.chat.delivery.result_file import MIN_UPLOAD_LIMIT, Result
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.messages import DISCORD_ERRORS, NOBODY, send_direct
from bot.chat.moderation.case_card import case_card
from bot.chat.shared import Shared
from bot.chat.text import ENGLISH, speaking
from bot.chat.ui.card import Attachment, PostedAttachment
from bot.chat.ui.info_card import InfoCard
from bot.jobs.job import Job, State
from bot.moderation.cases import Audience, Case

log = structlog.stdlib.get_logger(__name__)


class CaseMessages:
    """Tells people of cases, with spoilered copies of the pictures, and keeps the cards up to date."""

    def __init__(self, shared: Shared, results: UndeliveredResults) -> None:
        self._cases = shared.store.cases
        self._moderation_store = shared.store.moderation
        self._archive = shared.store
        self._rules = shared.store
        self._results = results
        self._client = shared.client
        self._operators = shared.settings.discord.operators
        self._cards = shared.cards
        self._text = shared.text

    async def tell(self, case: Case) -> Audience | None:
        """Tell the moderators in the log, or else as `escalate` does."""
        if case.guild_id is not None:
            channel_id = (await self._rules.rules(case.guild_id)).log_channel
            if channel_id is not None and await self._post(case, case.guild_id, channel_id):
                return Audience.LOG
        return await self.escalate(case)

    async def escalate(self, case: Case) -> Audience | None:
        """Tell every operator by direct message, or the owner of the server if none can be reached.

        If no message arrives, a periodic task tries again.
        """
        if not await self._cases.begin_escalation(case.number):
            return case.told_to
        job, pictures = await self._contents(case)
        with speaking(ENGLISH):
            sent = [await self._send(each, case, job, pictures) for each in self._operators]
        audience = Audience.OPERATORS
        if not any(sent):
            audience, sent = Audience.OWNER, await self._send_to_owner(case, job, pictures)
        messages = [card for card in sent if card is not None]
        if not messages:
            log.warning("case reached nobody", case=case.number, guild=case.guild_id)
            return case.told_to
        await self._cases.finish_escalation(case.number, audience, messages)
        return audience

    async def redraw(self, case: Case) -> None:
        """Update every card of the case. Once it is closed or its job removed, they lose their pictures."""
        job = await self._archive.find(case.job_id)
        keeps = case.may_be_copied and not await self._moderation_store.is_taken_down(case.job_id)
        if case.card is not None:
            with speaking(await self._language(case.guild_id)):
                await self._edit(case, job, case.card, keeps=keeps)
        language = await self._language(case.guild_id) if case.told_to is Audience.OWNER else ENGLISH
        with speaking(language):
            for card in case.private_cards:
                await self._edit(case, job, card, keeps=keeps)

    async def owner_of(self, guild_id: int) -> int | None:
        guild = await self._guild(guild_id)
        return None if guild is None else guild.owner_id

    async def _post(self, case: Case, guild_id: int, channel_id: int) -> bool:
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)
        job, pictures = await self._contents(case)
        # The bot may be allowed to write in the log, but not to attach files.
        attempts: list[Sequence[Result]] = [pictures, []] if pictures else [[]]
        for shown in attempts:
            with speaking(await self._language(guild_id)):
                card = self._card(case, job, shown)
            files, nonce = [each.file() for each in shown], f"case{case.number}"
            try:
                sent = await channel.send(view=card, files=files, nonce=nonce, allowed_mentions=NOBODY)
            except DISCORD_ERRORS as error:
                log.warning("case not posted", case=case.number, reason=type(error).__name__)
            else:
                await self._cases.record_card(case.number, channel_id, sent.id)
                return True
        return False

    async def _send_to_owner(
        self, case: Case, job: Job | None, pictures: Sequence[Result]
    ) -> Sequence[tuple[int, int] | None]:
        owner = None if case.guild_id is None else await self.owner_of(case.guild_id)
        if owner is None:
            return []
        with speaking(await self._language(case.guild_id)):
            return [await self._send(owner, case, job, pictures)]

    async def _send(
        self, user_id: int, case: Case, job: Job | None, pictures: Sequence[Result]
    ) -> tuple[int, int] | None:
        files = [each.file() for each in pictures]
        try:
            sent = await send_direct(self._client, user_id, self._card(case, job, pictures), files)
        except DISCORD_ERRORS as error:
            log.warning("case not sent", case=case.number, user=user_id, reason=type(error).__name__)
            return None
        return sent.channel.id, sent.id

    async def _edit(self, case: Case, job: Job | None, card: tuple[int, int], *, keeps: bool) -> None:
        channel_id, message_id = card
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        try:
            attached = (await message.fetch()).attachments if keeps else []
            pictures = [PostedAttachment.of(each) for each in attached]
            view = self._card(case, job, pictures)
            await message.edit(view=view, attachments=attached, allowed_mentions=NOBODY)
        except DISCORD_ERRORS as error:
            log.info("case card not updated", case=case.number, reason=type(error).__name__)

    def _card(self, case: Case, job: Job | None, pictures: Sequence[Attachment]) -> InfoCard:
        return case_card(case, job, self._cards, self._text, pictures)

    async def _contents(self, case: Case) -> tuple[Job | None, Sequence[Result]]:
        """The job, and copies of all that its message shows: those who decide may not see its channel."""
        job = await self._archive.find(case.job_id)
        if job is None or not case.may_be_copied or await self._moderation_store.is_taken_down(job.id):
            return job, []
        jobs = [job] if job.batch is None else await self._archive.find_batch(job.batch)
        shown = [each for each in jobs if each.state is State.DONE and not each.is_kept_back]
        limit = MIN_UPLOAD_LIMIT // max(1, len(shown))
        # A takedown may concern one result of a batch.
        found = [
            await self._results.fetch(_spoilered(each), limit)
            for each in shown
            if not await self._moderation_store.is_taken_down(each.id)
        ]
        return job, [each for each in found if each is not None]

    async def _language(self, guild_id: int | None) -> str:
        guild = None if guild_id is None else await self._guild(guild_id)
        return ENGLISH if guild is None else str(guild.preferred_locale)

    async def _guild(self, guild_id: int) -> discord.Guild | None:
        if (guild := self._client.get_guild(guild_id)) is not None:
            return guild
        try:
            # Another process may serve this server.
            return await self._client.fetch_guild(guild_id, with_counts=False)
        except DISCORD_ERRORS as error:
            log.info("server of a case not found", guild=guild_id, reason=type(error).__name__)
            return None


def _spoilered(job: Job) -> Job:
    return replace(job, place=replace(job.place, spoiler=True))
