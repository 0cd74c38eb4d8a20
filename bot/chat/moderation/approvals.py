"""Moderators' decisions about results that wait for approval, and approvals that nobody decides."""

from dataclasses import replace

import structlog

from bot.administration.audit import AuditAction, audit_entry_of
from bot.chat.access.permissions import require_moderator
from bot.chat.delivery.result_file import RESULT_LIMITS
from bot.chat.interactions import Interaction
from bot.chat.messages import NOBODY
from bot.chat.moderation.approval_card import ApprovalButton
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.shared import Shared
from bot.jobs.job import Job, Reason
from bot.jobs.outputs import ResultSource, output_of
from bot.jobs.ports import Watcher
from bot.jobs.service import JobService
from bot.ledger.ledger import AuditEntry
from bot.moderation.approvals import (
    Approval,
    OwnOrderApproval,
    UnknownApproval,
    Verdict,
)
from bot.segmind.errors import SegmindError

log = structlog.stdlib.get_logger(__name__)

# Seconds until the next attempt after one that failed: Discord counts each rejected request against the bot.
REST = 600.0
_NO_MODERATOR = 0
_AUDIT_ACTIONS = {Verdict.APPROVED: AuditAction.APPROVE, Verdict.REJECTED: AuditAction.REJECT}


class ApprovalService:
    """Records decisions. A decision reopens the job, and the runner then delivers or withholds its result."""

    def __init__(
        self,
        shared: Shared,
        approval_requester: ApprovalRequester,
        *,
        job_service: JobService,
        source: ResultSource,
        watcher: Watcher,
    ) -> None:
        self._approvals = shared.store.approvals
        self._approval_requester = approval_requester
        self._archive = shared.store
        self._rules = shared.store
        self._job_service = job_service
        self._source = source
        self._messages = shared.messages
        self._watcher = watcher
        self._background = shared.background
        self._operators = shared.settings.discord.operators
        self._clock = shared.clock
        # Earliest time of the next attempt, by the id of a server whose log rejected the last one, or by the
        # id of a job whose result could not be fetched.
        self._retry_at: dict[int | str, float] = {}

    async def press(self, interaction: Interaction, button: ApprovalButton) -> None:
        # The database may take longer than the three seconds that Discord waits.
        await interaction.response.defer()
        await self.decide(interaction, button.job_id, button.verdict)

    async def decide(self, interaction: Interaction, job_id: str, verdict: Verdict) -> None:
        """Record the verdict and redraw the card of the interaction, which is deferred already."""
        approval = await self._approvals.find(job_id)
        job = await self._archive.find(job_id)
        if approval is None or job is None or approval.verdict is Verdict.WITHDRAWN:
            raise UnknownApproval(job_id)
        by = require_moderator(interaction, approval.guild_id, self._operators)
        if verdict is Verdict.APPROVED and by.user_id == job.place.user_id:
            await self._require_own_orders_allowed(approval.guild_id)
        audit_entry = None
        if verdict is Verdict.APPROVED and self._clock.now() >= approval.lapses_at:
            verdict = Verdict.LAPSED
        else:
            audit_entry = audit_entry_of(by, _AUDIT_ACTIONS[verdict], job=job.id, member=job.place.user_id)
        approval = await self._record(approval, verdict, by.user_id, audit_entry)
        card = self._approval_requester.card(approval, job)
        await interaction.edit_original_response(view=card, attachments=[], allowed_mentions=NOBODY)

    async def _require_own_orders_allowed(self, guild_id: int) -> None:
        if not (await self._rules.rules(guild_id)).approve_own:
            raise OwnOrderApproval

    async def waiting_in(self, guild_id: int) -> int:
        return await self._approvals.waiting_in(guild_id)

    async def can_ask(self, guild_id: int) -> bool:
        return await self._approval_requester.log_of(guild_id) is not None

    async def ask_again(self, approval: Approval) -> bool:
        """Post the request if it was never posted, or if the server has another log channel now.

        Return whether the moderators of the server can be asked at all.
        """
        now, log_channel = self._clock.now(), await self._approval_requester.log_of(approval.guild_id)
        if log_channel is None or now < self._retry_at.get(approval.guild_id, 0.0):
            return False
        if approval.channel_id == log_channel or now < self._retry_at.get(approval.job_id, 0.0):
            return True
        job = await self._archive.find(approval.job_id)
        content = None if job is None else await self._fetch(job)
        if job is None or content is None:
            self._retry_at[approval.job_id] = now + REST
            return True
        if await self._approvals.find(approval.job_id) != approval:
            return True
        if approval.card is not None:
            await self._messages.delete_post(*approval.card)
            approval = replace(approval, channel_id=None, message_id=None)
        # The member's card is edited first, so that a quick decision cannot be overwritten by it.
        await self._watcher.finish(replace(job, reason=Reason.AWAITED, output=None), None)
        posted = await self._approval_requester.ask(approval, job, content)
        if not posted:
            self._retry_at[approval.guild_id] = now + REST
            await self._watcher.finish(replace(job, reason=Reason.UNHEARD, output=None), None)
        return posted

    async def lapse(self, approval: Approval) -> None:
        """End an approval that nobody has decided in time."""
        log.info("approval lapsed", job=approval.job_id, guild=approval.guild_id)
        approval = await self._record(approval, Verdict.LAPSED, _NO_MODERATOR, None)
        job = await self._archive.find(approval.job_id)
        if job is not None:
            await self._approval_requester.redraw(approval, job)

    async def withdraw(self, approval: Approval) -> None:
        """Delete the request and the job's message, because the member had their data deleted."""
        if approval.card is not None:
            await self._messages.delete_post(*approval.card)
        job = await self._archive.find(approval.job_id)
        if job is not None:
            await self._messages.delete(job.place)
        await self._approvals.drop(approval.job_id)

    async def _fetch(self, job: Job) -> bytes | None:
        """Return the result, or None if it was taken down or cannot be fetched; the approval then lapses."""
        if job.is_kept_back:
            return None
        try:
            output = await output_of(self._source, job)
            return await self._source.fetch(output, limit=RESULT_LIMITS.video_bytes)
        except SegmindError as error:
            log.info("result not fetched for approval", job=job.id, error=type(error).__name__)
            return None

    async def _record(
        self, approval: Approval, verdict: Verdict, actor: int, audit_entry: AuditEntry | None
    ) -> Approval:
        ruling = await self._approvals.decide(approval.job_id, verdict, actor, audit_entry)
        if ruling.job is not None:
            # The job of an earlier decision may be running already, or may have been left unfinished.
            resume = self._job_service.redeliver if ruling.is_new else self._job_service.ensure_running
            self._background.spawn(resume(ruling.job))
        return ruling.approval
