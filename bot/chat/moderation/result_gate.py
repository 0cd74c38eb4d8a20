"""Gate between the runner and the replies: withholds banned results and those that wait for approval."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum, auto

import structlog

from bot.chat.delivery.result_file import Results
from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.moderation.avatar_notices import AvatarNotices
from bot.chat.moderation.mod_log import ModLog
from bot.chat.shared import Shared
from bot.jobs.delivery import Delivery, Refund
from bot.jobs.job import Job, Reason, State
from bot.jobs.ports import Watcher
from bot.jobs.stages import Stage
from bot.ledger.account import Member
from bot.ledger.ledger import BOT, FORGOTTEN, GATE, LIST
from bot.media.fingerprints import Fingerprint
from bot.media.types import Judgement
from bot.moderation.access import AccessPolicy
from bot.moderation.approvals import Approval, Verdict
from bot.moderation.avatars import AvatarNotShared, AvatarPolicy
from bot.moderation.errors import BannedMedia

log = structlog.stdlib.get_logger(__name__)

RESULT = "result"
_REFUSED: Mapping[Verdict, Reason] = {
    Verdict.REJECTED: Reason.REJECTED,
    Verdict.LAPSED: Reason.LAPSED,
    Verdict.WITHDRAWN: Reason.LAPSED,
}


class _Check(Enum):
    """Treatment of a result."""

    SHOW = auto()
    ASK = auto()
    """A moderator has to approve it; where nobody can be asked, it is withheld."""
    WITHHOLD = auto()


class ModeratingWatcher:
    """Watcher that checks a result before another watcher shows it.

    If the database cannot be asked, nothing is shown and the runner tries again.
    """

    def __init__(
        self,
        shared: Shared,
        watcher: Watcher,
        *,
        access_policy: AccessPolicy,
        avatar_policy: AvatarPolicy,
        results: Results,
        mod_log: ModLog,
        approval_requester: ApprovalRequester,
    ) -> None:
        self._checks = {
            Judgement.SAFE: _Check.SHOW,
            Judgement.DOUBTFUL: _Check.ASK,
            Judgement.EXPLICIT: _Check.WITHHOLD,
            # The safety gate cannot judge every result.
            Judgement.UNJUDGED: _Check[shared.settings.safety.unjudged.upper()],
        }
        self._watcher = watcher
        self._access_policy = access_policy
        self._avatar_policy = avatar_policy
        self._avatar_notices = AvatarNotices(shared)
        self._results = results
        self._moderation_store = shared.store.moderation
        self._mod_log = mod_log
        self._approval_requester = approval_requester

    def show(self, job: Job, stage: Stage) -> None:
        self._watcher.show(job, stage)

    async def finish(self, job: Job, result: bytes | None) -> Delivery | Refund:
        if job.state is not State.DONE or job.reason is Reason.FILTERED:
            return await self._show(job, result)
        if job.reason is not None and job.reason.is_refunded:
            return await self._watcher.finish(job, None)
        return await self._check_and_show(job, result)

    async def _check_and_show(self, job: Job, result: bytes | None) -> Delivery | Refund:
        if not await self._is_shared(job):
            await self._moderation_store.take_down(job.id, BOT)
            return Refund(Reason.UNSHARED, BOT)
        approval = await self._approval_requester.approval_of(job)
        if approval is not None and (reason := _REFUSED.get(approval.verdict)) is not None:
            return await self._refund(job, approval, reason)
        check = await self._check(job, result)
        if check is _Check.ASK:
            job = replace(job, doubtful=True)
            approval = approval or await self._approval_requester.approval_if_doubtful(job)
            if approval is None:
                check = await self._withhold(job, GATE)
            elif (reason := _REFUSED.get(approval.verdict)) is not None:
                return await self._refund(job, approval, reason)
        if check is _Check.WITHHOLD:
            # Members pay for results that they get, and the checks may err.
            return Refund(Reason.FILTERED, BOT)
        if approval is not None and approval.verdict is Verdict.WAITING:
            return await self._await_approval(job, result, approval)
        if approval is not None and result is None and self._approval_requester.is_gone(approval, job):
            return await self._refund(job, approval, Reason.LAPSED)
        return await self._show(job, result)

    async def _show(self, job: Job, result: bytes | None) -> Delivery | Refund:
        await self._mod_log.owe(job)
        delivery = await self._watcher.finish(job, result)
        self._mod_log.record(job, result)
        self._avatar_notices.tell(job)
        return delivery

    async def _await_approval(self, job: Job, result: bytes | None, approval: Approval) -> Delivery | Refund:
        """Keep the result back until a moderator decides, even while no moderator can be asked."""
        approval = await self._approval_requester.open(approval)
        if approval.verdict is not Verdict.WAITING:
            return await self.finish(replace(job, delivery=Delivery.AWAITED), result)
        # The member's card comes first, so that a moderator's decision cannot be overwritten by it.
        delivery = await self._watcher.finish(replace(job, reason=Reason.AWAITED, output=None), None)
        if not await self._approval_requester.ask(approval, job, result):
            await self._watcher.finish(replace(job, reason=Reason.UNHEARD, output=None), None)
        return delivery

    async def _refund(self, job: Job, approval: Approval, reason: Reason) -> Refund:
        """Report that the job has to be refunded, because nobody may see its result."""
        actor = BOT if reason is Reason.LAPSED else str(approval.decided_by or FORGOTTEN)
        if approval.verdict in _REFUSED:
            await self._moderation_store.take_down(job.id, actor)
        return Refund(reason, actor)

    async def _is_shared(self, job: Job) -> bool:
        """Return whether the member whose avatar was used still shares it, if one was used."""
        if job.avatar_of is None:
            return True
        try:
            await self._avatar_policy.check(job.avatar_of, Member(job.place.user_id, job.place.guild_id))
        except AvatarNotShared:
            log.info("result withheld: its avatar is no longer shared", job=job.id)
            return False
        return True

    async def _check(self, job: Job, result: bytes | None) -> _Check:
        if await self._moderation_store.is_taken_down(job.id):
            return _Check.WITHHOLD
        if result is None:
            return _Check.SHOW
        check = self._checks[await self._results.judge(result)]
        if check is _Check.WITHHOLD:
            return await self._withhold(job, GATE)
        fingerprints: Mapping[str, Fingerprint] = {RESULT: await self._results.fingerprint_of(result)}
        await self._moderation_store.save_fingerprints(job.id, fingerprints)
        try:
            await self._access_policy.check_fingerprints(fingerprints, job.place.guild_id)
        except BannedMedia:
            return await self._withhold(job, LIST)
        return check

    async def _withhold(self, job: Job, actor: str) -> _Check:
        log.warning("result withheld", job=job.id, by=actor)
        await self._moderation_store.take_down(job.id, actor)
        return _Check.WITHHOLD
