"""What moderators decide about results that wait for them, and what becomes of those nobody decides about."""

from collections.abc import Collection
from dataclasses import replace

import structlog

from bot.administration.audit import AuditAction, audit_entry_of
from bot.administration.credits import Archive
from bot.chat.access.permissions import require_moderator
from bot.chat.background import Background
from bot.chat.delivery.result_file import RESULT_LIMITS
from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY, Messages
from bot.chat.moderation.approval_card import ApprovalButton
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.clock import Clock
from bot.jobs.job import Job, Reason
from bot.jobs.outputs import ResultSource, output_of
from bot.jobs.ports import Watcher
from bot.jobs.service import JobService
from bot.ledger.ledger import AuditEntry
from bot.moderation.approvals import Approval, ApprovalRepository, UnknownApproval, Verdict
from bot.segmind.protocol import SegmindError

log = structlog.stdlib.get_logger(__name__)

# Each of Discord's refusals counts against the bot.
REST = 600.0
_NOBODY = 0
_RULED = {Verdict.APPROVED: AuditAction.APPROVE, Verdict.REJECTED: AuditAction.REJECT}


class ApprovalService:
    """A decision opens the job again, and the engine sees it to its end: the guard knows what was decided."""

    def __init__(
        self,
        book: ApprovalRepository,
        approval_requester: ApprovalRequester,
        *,
        archive: Archive,
        job_service: JobService,
        source: ResultSource,
        messages: Messages,
        watcher: Watcher,
        background: Background,
        operators: Collection[int],
        clock: Clock,
    ) -> None:
        self._book = book
        self._approval_requester = approval_requester
        self._archive = archive
        self._job_service = job_service
        self._source = source
        self._messages = messages
        self._watcher = watcher
        self._background = background
        self._operators = operators
        self._clock = clock
        # Servers whose log refused the last try, and results that could not be had, are left alone till then.
        self._rests: dict[int | str, float] = {}

    async def press(self, interaction: Interaction, button: ApprovalButton) -> None:
        # The database may need longer than the three seconds for which Discord waits.
        await interaction.response.defer()
        await self.decide(interaction, button.job_id, button.verdict)

    async def decide(self, interaction: Interaction, job_id: str, verdict: Verdict) -> None:
        """A button was pressed, and Discord has been told that it was heard."""
        approval = await self._book.find(job_id)
        job = await self._archive.find(job_id)
        if approval is None or job is None or approval.verdict is Verdict.WITHDRAWN:
            raise UnknownApproval(job_id)
        by = require_moderator(interaction, approval.guild_id, self._operators)
        audit_entry = None
        if verdict is Verdict.APPROVED and self._clock.now() >= approval.lapses_at:
            verdict = Verdict.LAPSED
        else:
            audit_entry = audit_entry_of(by, _RULED[verdict], job=job.id, member=job.place.user_id)
        approval = await self._carry_out(approval, verdict, by.user_id, audit_entry)
        card = self._approval_requester.card(approval, job)
        await interaction.edit_original_response(view=card, attachments=[], allowed_mentions=NOBODY)

    async def waiting_in(self, guild_id: int) -> int:
        return await self._book.waiting_in(guild_id)

    async def can_ask(self, guild_id: int) -> bool:
        return await self._approval_requester.log_of(guild_id) is not None

    async def ask_again(self, approval: Approval) -> bool:
        """Where nobody was asked yet, or in another log; whether those of its server can be."""
        now, log_channel = self._clock.now(), await self._approval_requester.log_of(approval.guild_id)
        if log_channel is None or now < self._rests.get(approval.guild_id, 0.0):
            return False
        if approval.channel_id == log_channel or now < self._rests.get(approval.job_id, 0.0):
            return True
        job = await self._archive.find(approval.job_id)
        content = None if job is None else await self._fetched(job)
        if job is None or content is None:
            self._rests[approval.job_id] = now + REST
            return True
        if await self._book.find(approval.job_id) != approval:
            return True
        if approval.card is not None:
            await self._messages.delete_post(*approval.card)
            approval = replace(approval, channel_id=None, message_id=None)
        # First the member, then the moderators: what they decide comes after what the member reads here.
        await self._watcher.finish(replace(job, reason=Reason.AWAITED, output=None), None)
        heard = await self._approval_requester.ask(approval, job, content)
        if not heard:
            self._rests[approval.guild_id] = now + REST
            await self._watcher.finish(replace(job, reason=Reason.UNHEARD, output=None), None)
        return heard

    async def lapse(self, approval: Approval) -> None:
        """Nobody has looked at it for as long as it was there."""
        log.info("a result has waited in vain for a moderator", job=approval.job_id, guild=approval.guild_id)
        approval = await self._carry_out(approval, Verdict.LAPSED, _NOBODY, None)
        job = await self._archive.find(approval.job_id)
        if job is not None:
            await self._approval_requester.redraw(approval, job)

    async def withdraw(self, approval: Approval) -> None:
        """Its member is nobody any more: the picture leaves the log, and the message waits for nothing."""
        if approval.card is not None:
            await self._messages.delete_post(*approval.card)
        job = await self._archive.find(approval.job_id)
        if job is not None:
            await self._messages.delete(job.place)
        await self._book.drop(approval.job_id)

    async def _fetched(self, job: Job) -> bytes | None:
        """What was taken down since, or cannot be had, is for nobody to look at: then it lapses."""
        if job.is_kept_back:
            return None
        try:
            output = await output_of(self._source, job)
            return await self._source.fetch(output, limit=RESULT_LIMITS.video_bytes)
        except SegmindError as error:
            log.info("a result that waits cannot be fetched", job=job.id, error=type(error).__name__)
            return None

    async def _carry_out(
        self, approval: Approval, verdict: Verdict, actor: int, audit_entry: AuditEntry | None
    ) -> Approval:
        ruling = await self._book.decide(approval.job_id, verdict, actor, audit_entry)
        if ruling.job is not None:
            # What an earlier attempt has decided may be on its way already, or may have been left undone.
            see_to_it = self._job_service.redeliver if ruling.is_new else self._job_service.ensure_running
            self._background.spawn(see_to_it(ruling.job))
        return ruling.approval
