"""Reports and removals: a report opens a case, and moderators act on it with the buttons of its card."""

from collections.abc import Callable, Collection, Mapping, Sequence

import discord
import structlog
from discord import ui

from bot.administration.access import AccessAdmin
from bot.administration.audit import Administrator, AuditAction, UnknownJob, audit_entry_of
from bot.administration.credits import Archive, CreditAdmin, NotPaid
from bot.chat.access.permissions import require_moderator
from bot.chat.interactions import Interaction
from bot.chat.messages import DISCORD_ERRORS, NOBODY, Messages
from bot.chat.moderation.case_card import CaseButton, case_card, case_line
from bot.chat.text import Text, speaking
from bot.chat.ui.card import GREEN, error_card, note_card
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.job import Job
from bot.ledger.ledger import AlreadyRefunded
from bot.models import ModelCard
from bot.moderation.approvals import server_of
from bot.moderation.cases import Case, CaseRepository, Step
from bot.moderation.ports import ModerationStore, ServerRulesReader

log = structlog.stdlib.get_logger(__name__)


class CaseService:
    """Opens cases, carries out the steps of moderators and removes results."""

    def __init__(
        self,
        cases: CaseRepository,
        moderation_store: ModerationStore,
        *,
        archive: Archive,
        rules: ServerRulesReader,
        access_admin: AccessAdmin,
        credit_admin: CreditAdmin,
        messages: Messages,
        client: discord.Client,
        operators: Collection[int],
        open_reports: int,
        tell_operators: Callable[[Callable[[], ui.LayoutView]], None],
        cards: Mapping[str, ModelCard],
        text: Text,
    ) -> None:
        self._cases = cases
        self._moderation_store = moderation_store
        self._archive = archive
        self._rules = rules
        self._access_admin = access_admin
        self._credit_admin = credit_admin
        self._messages = messages
        self._client = client
        self._operators = operators
        self._open_reports = open_reports
        self._tell_operators = tell_operators
        self._cards = cards
        self._text = text

    async def report(self, interaction: Interaction, job_id: str) -> None:
        """Open a case, unless one is open, and tell the moderators of the server or else the operators."""
        if not interaction.response.is_done():
            await defer_ephemeral(interaction)
        job = await self._job(job_id)
        guild_id = server_of(job)
        case, is_new = await self._cases.open(job.id, guild_id, interaction.user.id, most=self._open_reports)
        if is_new:
            log.info("job reported", case=case.number, job=job.id, guild=guild_id)
            await self._notify(case, job, str(interaction.guild_locale or ""))
        thanks = self._text("cases.thanks") if is_new else self._text("cases.known")
        await send_deferred(
            interaction, InfoCard(self._text("cases.received"), [thanks], self._text, colour=GREEN)
        )

    async def remove(self, interaction: Interaction, job_id: str) -> None:
        """Delete a result for its member, for the one whose avatar it shows, or for a moderator."""
        if not interaction.response.is_done():
            await interaction.response.defer()
        job = await self._job(job_id)
        if interaction.user.id in {job.place.user_id, job.avatar_of}:
            left = await self._delete_messages(job, str(interaction.user.id), interaction)
        else:
            by = require_moderator(interaction, server_of(job), self._operators)
            left = await self._delete_messages(job, str(by.user_id), interaction)
            await self._record(by, AuditAction.REMOVE, job)
        if left:
            answer = error_card(self._text("cases.left", count=left))
        else:
            answer = note_card(self._text("cases.gone"))
        if interaction.message is not None and interaction.message.id == job.place.message_id:
            await interaction.followup.send(view=answer, ephemeral=True)
        else:
            # The press was on the question whether to delete, or on a copy in private.
            await _replace(interaction, answer)

    async def press(self, interaction: Interaction, button: CaseButton) -> None:
        # Discord limits the deletion of old messages, so it may take longer than three seconds.
        await interaction.response.defer()
        await self.act(interaction, button.number, button.step)

    async def act(self, interaction: Interaction, number: int, step: Step) -> None:
        """Take one step in a case and redraw its card; the interaction is deferred already."""
        case = await self._cases.find(number)
        if case is None:
            raise UnknownJob
        by = require_moderator(interaction, case.guild_id, self._operators, refunds=step is Step.REFUND)
        if step not in case.remaining_steps:
            await self._redraw(interaction, case)
            return
        await self._take_step(interaction, case, step, by)
        await self._redraw(interaction, await self._cases.step(number, step, by.user_id))

    async def open_cases(self, guild_id: int, page: PageRequest) -> Sequence[PageItem]:
        """Open cases of a server, as lines that link to their cards."""
        found = await self._cases.open_in(guild_id, before=page.before, after=page.after, limit=page.limit)
        return [PageItem(case.number, case_line(case, self._text)) for case in found]

    async def is_down(self, job_id: str) -> bool:
        return await self._moderation_store.is_down(job_id)

    async def pass_on(self, case: Case) -> None:
        """Send the card of the case to the operators."""
        job = await self._archive.find(case.job_id)
        self._tell_operators(lambda: case_card(case, job, self._cards, self._text))

    async def _take_step(self, interaction: Interaction, case: Case, step: Step, by: Administrator) -> None:
        job = await self._job(case.job_id)
        match step:
            case Step.REMOVE:
                left = await self._delete_messages(job, str(by.user_id), interaction)
                await self._record(by, AuditAction.REMOVE, job)
                if left:
                    card = error_card(self._text("cases.left", count=left))
                    await interaction.followup.send(view=card, ephemeral=True)
            case Step.NEVER:
                # Moderators list pictures for their own server, operators for all servers.
                guild_id = None if by.user_id in self._operators else case.guild_id
                for each in await self._of_message(job):
                    fingerprints = await self._moderation_store.fingerprints_of(each.id)
                    listed = list(fingerprints.values())
                    await self._moderation_store.list_fingerprints(listed, guild_id, each.id)
                await self._record(by, AuditAction.NEVER, job)
            case Step.BLOCK:
                if not job.place.user_id:
                    # The member had their data deleted, so nobody is left to block.
                    raise UnknownJob
                await self._access_admin.block(by, job.place.user_id)
            case Step.REFUND:
                await self._refund(by, job)
            case Step.DISMISS:
                await self._record(by, AuditAction.DISMISS, job)

    async def _refund(self, by: Administrator, job: Job) -> None:
        for each in await self._of_message(job):
            try:
                await self._credit_admin.refund(by, each.id)
            except AlreadyRefunded:
                log.info("reported job already refunded", job=each.id)
            except NotPaid:
                # Of a batch, some jobs may have failed.
                if job.batch is None:
                    raise

    async def _delete_messages(self, job: Job, actor: str, interaction: Interaction) -> int:
        """Delete every message of a job and return how many could not be deleted."""
        # The job is marked first, so that no new message shows it meanwhile.
        deleted: list[bool] = []
        for each in await self._of_message(job):
            await self._moderation_store.take_down(each.id, actor)
            log.info("job removed", job=each.id, actor=actor)
            posts = await self._moderation_store.posts_of(each.id)
            deleted += [await self._messages.delete_post(*post) for post in posts]
        pressed = interaction.message
        if pressed is not None and pressed.id == job.place.message_id and pressed.flags.ephemeral:
            # Once the token of the order has expired, only this interaction can delete its ephemeral message.
            deleted.append(await _delete_original(interaction))
        else:
            deleted.append(await self._messages.delete(job.place))
        return deleted.count(False)

    async def _record(self, by: Administrator, action: AuditAction, job: Job) -> None:
        await self._moderation_store.record(audit_entry_of(by, action, job=job.id, member=job.place.user_id))

    async def _notify(self, case: Case, job: Job, locale: str) -> None:
        if case.guild_id is not None:
            channel_id = (await self._rules.rules(case.guild_id)).log_channel
            if channel_id is not None:
                channel = self._client.get_partial_messageable(channel_id, guild_id=case.guild_id)
                with speaking(locale):
                    card = case_card(case, job, self._cards, self._text)
                try:
                    sent = await channel.send(view=card, allowed_mentions=NOBODY)
                except DISCORD_ERRORS as error:
                    log.warning("case not posted", case=case.number, reason=type(error).__name__)
                else:
                    await self._cases.posted(case.number, channel_id, sent.id)
                    return
        if await self._cases.pass_on(case.number):
            await self.pass_on(case)

    async def _redraw(self, interaction: Interaction, case: Case) -> None:
        job = await self._archive.find(case.job_id)
        with speaking(str(interaction.guild_locale or "")):
            card = case_card(case, job, self._cards, self._text)
        await interaction.edit_original_response(view=card, allowed_mentions=NOBODY)

    async def _of_message(self, job: Job) -> Sequence[Job]:
        """The jobs that share the message of a job: a report is about all that it shows."""
        return [job] if job.batch is None else await self._archive.find_batch(job.batch)

    async def _job(self, job_id: str) -> Job:
        job = await self._archive.find(job_id)
        if job is None:
            raise UnknownJob
        return job


async def _replace(interaction: Interaction, answer: ui.LayoutView) -> None:
    try:
        await interaction.edit_original_response(view=answer, attachments=[])
    except discord.NotFound:
        await interaction.followup.send(view=answer, ephemeral=True)


async def _delete_original(interaction: Interaction) -> bool:
    try:
        await interaction.delete_original_response()
    except DISCORD_ERRORS:
        return False
    return True
