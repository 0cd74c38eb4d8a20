"""Removal of the copies of a result from all other messages of the bot."""

from collections.abc import Sequence

from bot.chat.moderation.approval_requests import ApprovalRequester
from bot.chat.moderation.mod_log import ModLog
from bot.chat.shared import Shared
from bot.jobs.job import Job


class ResultRemoval:
    """Removes the copies of a result outside of its job's message and the cards of reports.

    Messages for members are deleted. Those for moderators lose their pictures, but stay as their record.
    """

    def __init__(self, shared: Shared, approval_requester: ApprovalRequester, mod_log: ModLog) -> None:
        self._moderation_store = shared.store.moderation
        self._approvals = shared.store.approvals
        self._approval_requester = approval_requester
        self._mod_log = mod_log
        self._messages = shared.messages

    async def remove_copies(self, job: Job) -> Sequence[tuple[int, int]]:
        """Remove the copies of a job's result; return the channels and messages that still show it.

        The job has to be taken down first, so that no new message shows it meanwhile.
        """
        posts = await self._moderation_store.posts_of(job.id)
        left = [post for post in posts if not await self._messages.delete_post(*post)]
        approval = await self._approvals.find(job.id)
        if approval is not None and approval.card is not None:
            card = self._approval_requester.card(approval, job)
            if not await self._messages.redraw_post(*approval.card, card):
                left.append(approval.card)
        return [*left, *await self._mod_log.remove_picture(job)]
