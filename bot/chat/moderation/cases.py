"""Reports and removals: a report opens a case, and moderators act on it with the buttons of its card."""

from collections.abc import Sequence

import discord
import structlog
from discord import ui

from bot.administration.access import AccessAdmin
from bot.administration.audit import Administrator, AuditAction, UnknownJob, audit_entry_of
from bot.administration.credits import CreditAdmin, NotPaid
from bot.chat.access.permissions import NotModerator, require_moderator
from bot.chat.interactions import Interaction
from bot.chat.messages import DISCORD_ERRORS
from bot.chat.moderation.case_card import CaseButton, case_line
from bot.chat.moderation.case_forms import CaseForm, ReportForm
from bot.chat.moderation.case_messages import CaseMessages
from bot.chat.moderation.removal import ResultRemoval
from bot.chat.shared import Shared
from bot.chat.ui.card import GREEN, error_card, note_card
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.pagination import PageItem, PageRequest
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.job import Job
from bot.ledger.ledger import AlreadyRefunded
from bot.moderation.approvals import server_of
from bot.moderation.cases import Case, Complaint, Step

log = structlog.stdlib.get_logger(__name__)


class CaseService:
    """Opens cases, carries out the steps of moderators and removes results."""

    def __init__(
        self,
        shared: Shared,
        case_messages: CaseMessages,
        access_admin: AccessAdmin,
        credit_admin: CreditAdmin,
        removal: ResultRemoval,
    ) -> None:
        self._cases = shared.store.cases
        self._moderation_store = shared.store.moderation
        self._case_messages = case_messages
        self._archive = shared.store
        self._access_admin = access_admin
        self._credit_admin = credit_admin
        self._removal = removal
        self._messages = shared.messages
        self._operators = shared.settings.discord.operators
        self._open_reports = shared.settings.safety.open_reports
        self._text = shared.text

    async def ask(self, interaction: Interaction, job_id: str) -> None:
        """Ask what is wrong with a result, and report it."""

        async def on_reported(submitted: Interaction, complaint: Complaint, details: str) -> None:
            await self.report(submitted, job_id, complaint, details)

        await interaction.response.send_modal(ReportForm(self._text, on_reported))

    async def report(
        self, interaction: Interaction, job_id: str, complaint: Complaint, details: str = ""
    ) -> None:
        """Open a case, or add to the open one, and say whom the report reached."""
        await defer_ephemeral(interaction)
        job = await self._job(job_id)
        guild_id, reporter = server_of(job), interaction.user.id
        case, is_new = await self._cases.open(
            job.id, guild_id, reporter, complaint, details, most=self._open_reports
        )
        if is_new:
            log.info("job reported", case=case.number, job=job.id, guild=guild_id)
        else:
            await self._case_messages.redraw(case)
        audience = case.told_to or await self._case_messages.tell(case)
        sentences = [] if is_new else [self._text("cases.known")]
        key = "cases.thanks_nobody" if audience is None else f"cases.thanks_{audience}"
        sentences.append(self._text(key))
        await send_deferred(
            interaction, InfoCard(self._text("cases.received"), sentences, self._text, colour=GREEN)
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
        for case in await self._cases.find_open([each.id for each in await self._jobs_in_message(job)]):
            await self._case_messages.redraw(case)
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
        """Ask whether to take the step, and for a note."""
        if interaction.guild_id is not None:
            # Only people who may decide get a card in direct messages, and the bot checks each decision
            # anyway.
            refunds = button.step is Step.REFUND
            require_moderator(interaction, interaction.guild_id, self._operators, refunds=refunds)

        async def on_confirmed(submitted: Interaction, note: str) -> None:
            # Discord limits the deletion of old messages, so it may take longer than three seconds.
            await submitted.response.defer()
            await self.act(submitted, button.number, button.step, note)

        await interaction.response.send_modal(CaseForm(button.step, self._text, on_confirmed))

    async def act(self, interaction: Interaction, number: int, step: Step | None, note: str) -> None:
        """Take one step in a case, or only add the note, and redraw its cards."""
        case = await self._cases.find(number)
        if case is None:
            raise UnknownJob
        by = await self._require_decider(interaction, case, step)
        if step is None:
            case = await self._cases.add_note(number, by.user_id, note)
        elif step in case.remaining_steps:
            await self._take_step(interaction, case, step, by, note)
            case = await self._cases.record_step(number, step, by.user_id, note)
        await self._case_messages.redraw(case)

    async def _require_decider(
        self, interaction: Interaction, case: Case, step: Step | None
    ) -> Administrator:
        """The moderator, operator or owner behind an interaction; the owner may decide in direct messages."""
        user_id, guild_id = interaction.user.id, case.guild_id
        if interaction.guild_id is None and guild_id is not None and user_id not in self._operators:
            if user_id != await self._case_messages.owner_of(guild_id):
                raise NotModerator
            return Administrator(user_id, guild_id)
        return require_moderator(interaction, case.guild_id, self._operators, refunds=step is Step.REFUND)

    async def open_cases(self, guild_id: int, page: PageRequest) -> Sequence[PageItem]:
        """Open cases of a server, as lines that link to their cards."""
        found = await self._cases.open_in(guild_id, before=page.before, after=page.after, limit=page.limit)
        return [PageItem(case.number, case_line(case, self._text)) for case in found]

    async def _take_step(
        self, interaction: Interaction, case: Case, step: Step, by: Administrator, note: str
    ) -> None:
        job = await self._job(case.job_id)
        match step:
            case Step.REMOVE:
                left = await self._delete_messages(job, str(by.user_id), interaction)
                await self._record(by, AuditAction.REMOVE, job, note)
                if left:
                    card = error_card(self._text("cases.left", count=left))
                    await interaction.followup.send(view=card, ephemeral=True)
            case Step.NEVER:
                # A moderator bans pictures in one server, an operator in all servers.
                guild_id = None if by.user_id in self._operators else case.guild_id
                for each in await self._jobs_in_message(job):
                    fingerprints = await self._moderation_store.fingerprints_of(each.id)
                    listed = list(fingerprints.values())
                    await self._moderation_store.ban_fingerprints(listed, guild_id, each.id)
                await self._record(by, AuditAction.NEVER, job, note)
            case Step.BLOCK:
                if not job.place.user_id:
                    # The member had their data deleted, so nobody is left to block.
                    raise UnknownJob
                await self._access_admin.block(by, job.place.user_id, note)
            case Step.REFUND:
                # Its member can read the reason of a refund, so the note stays in the case.
                await self._refund(by, job)
            case Step.DISMISS:
                await self._record(by, AuditAction.DISMISS, job, note)

    async def _refund(self, by: Administrator, job: Job) -> None:
        for each in await self._jobs_in_message(job):
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
        left = 0
        for each in await self._jobs_in_message(job):
            await self._moderation_store.take_down(each.id, actor)
            log.info("job removed", job=each.id, actor=actor)
            left += len(await self._removal.remove_copies(each))
        pressed = interaction.message
        if pressed is not None and pressed.id == job.place.message_id and pressed.flags.ephemeral:
            # Once the token of the order has expired, only this interaction can delete its ephemeral message.
            deleted = await _delete_original(interaction)
        else:
            deleted = await self._messages.delete(job.place)
        return left if deleted else left + 1

    async def _record(self, by: Administrator, action: AuditAction, job: Job, note: str = "") -> None:
        audit_entry = audit_entry_of(by, action, note, job=job.id, member=job.place.user_id)
        await self._moderation_store.record(audit_entry)

    async def _jobs_in_message(self, job: Job) -> Sequence[Job]:
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
