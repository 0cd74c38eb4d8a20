"""Stands between the runner and the replies: what nobody may see is not shown, or not yet."""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.chat.access.guard import AccessGuard
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.moderation.mod_log import ModLog
from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import Watcher
from bot.jobs.stages import Stage
from bot.ledger.ledger import BOT, FORGOTTEN
from bot.moderation.access import AccessPolicy
from bot.moderation.approvals import Approval, Verdict
from bot.moderation.errors import ListedMedia
from bot.moderation.fingerprints import Fingerprint
from bot.moderation.ports import ModerationStore

log = structlog.stdlib.get_logger(__name__)

RESULT = "result"
# Who took down what a list took down.
LIST = "list"
_REFUSED: Mapping[Verdict, Reason] = {
    Verdict.REJECTED: Reason.REJECTED,
    Verdict.LAPSED: Reason.LAPSED,
    Verdict.WITHDRAWN: Reason.LAPSED,
}


class ModeratingWatcher:
    """A watcher before the watcher. Where the register cannot be asked, nothing is shown for now."""

    def __init__(
        self,
        watcher: Watcher,
        *,
        door: AccessPolicy,
        access_guard: AccessGuard,
        register: ModerationStore,
        mod_log: ModLog,
        approval_requester: ApprovalRequester,
    ) -> None:
        self._watcher = watcher
        self._door = door
        self._access_guard = access_guard
        self._register = register
        self._mod_log = mod_log
        self._approval_requester = approval_requester

    def show(self, job: Job, stage: Stage) -> None:
        self._watcher.show(job, stage)

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        if job.reason is not None and job.reason.is_refunded:
            return await self._watcher.finish(job, None)
        approval = await self._approval_requester.approval_of(job) if job.state is State.DONE else None
        if approval is not None and (reason := _REFUSED.get(approval.verdict)) is not None:
            return await self._refund(job, approval, reason)
        if job.state is State.DONE and not await self._may_show(job, result):
            # It was made and is paid, as Segmind was. A moderator can give it back.
            job, result = replace(job, reason=Reason.WITHHELD, output=None), None
        elif approval is not None and approval.verdict is Verdict.WAITING:
            return await self._hold(job, result, approval)
        elif approval is not None and result is None and self._approval_requester.is_gone(approval, job):
            return await self._refund(job, approval, Reason.LAPSED)
        delivery = await self._watcher.finish(job, result)
        self._mod_log.record(job, result)
        return delivery

    async def _hold(self, job: Job, result: bytes | None, approval: Approval) -> Delivery | Refund:
        """Nobody sees it before a moderator has, not even where no moderator can be asked right now."""
        approval = await self._approval_requester.note(approval)
        if approval.verdict is not Verdict.WAITING:
            return await self.finish(replace(job, delivery=Delivery.AWAITED), result)
        # First the member, then the moderators: what they decide comes after what the member reads here.
        delivery = await self._watcher.finish(replace(job, reason=Reason.AWAITED, output=None), None)
        if not await self._approval_requester.ask(approval, job, result):
            await self._watcher.finish(replace(job, reason=Reason.UNHEARD, output=None), None)
        return delivery

    async def _refund(self, job: Job, approval: Approval, reason: Reason) -> Refund:
        """The member gets no result and did not decide so: report that the job is to be refunded."""
        actor = BOT if reason is Reason.LAPSED else str(approval.decided_by or FORGOTTEN)
        if approval.verdict in _REFUSED:
            await self._register.take_down(job.id, actor)
        return Refund(reason, actor)

    async def _may_show(self, job: Job, result: bytes | None) -> bool:
        if await self._register.is_down(job.id):
            return False
        if result is None:
            return True
        fingerprints: Mapping[str, Fingerprint] = {RESULT: await self._access_guard.fingerprint_of(result)}
        await self._register.save_fingerprints(job.id, fingerprints)
        try:
            await self._door.check_fingerprints(fingerprints, job.place.guild_id)
        except ListedMedia:
            log.warning("a result is withheld, as it is like one on the list", job=job.id)
            await self._register.take_down(job.id, LIST)
            return False
        return True
