"""Messages of batches: one card that all jobs of the batch share, with the files of those that are done."""

from collections.abc import Collection
from dataclasses import dataclass, field

from bot.chat.delivery.batch_card import batch_card
from bot.chat.delivery.result_file import Result
from bot.chat.routes import Route
from bot.chat.shared import Shared
from bot.chat.ui.card import Attachment, PostedAttachment
from bot.jobs.job import Job
from bot.jobs.stages import Stage


@dataclass(slots=True)
class _Batch:
    """State of a batch in this process, beyond the database."""

    stages: dict[str, Stage] = field(default_factory=dict[str, Stage])
    ended: dict[str, Job] = field(default_factory=dict[str, Job])
    """Jobs whose end moderation has decided."""


class BatchCards:
    """Draws and edits the cards of batches.

    Each edit keeps the files that the message has, so the card survives a restart and keeps the results of
    other processes.
    """

    def __init__(self, shared: Shared) -> None:
        self._messages = shared.messages
        self._find_batch = shared.store.find_batch
        self._models = shared.models
        self._text = shared.text
        self._clock = shared.clock
        self._batches: dict[str, _Batch] = {}

    def set_stage(self, job: Job, stage: Stage) -> None:
        self._of(job).stages[job.id] = stage

    def set_end(self, job: Job) -> None:
        batch = self._of(job)
        batch.stages.pop(job.id, None)
        batch.ended[job.id] = job

    def running(self, job: Job) -> Collection[str]:
        """Ids of the jobs of this batch whose stages are known."""
        known = self._batches.get(job.batch or job.id)
        return () if known is None else tuple(known.stages)

    async def edit(self, job: Job) -> None:
        """Show the present stages by any open route."""
        await self._messages.edit_with(job.place, lambda route: self.try_route(route, job))

    async def try_route(self, route: Route, job: Job, result: Result | None = None) -> None:
        """Make one attempt on one route, with the result of this job as another file."""
        known = self._of(job)
        ends = known.ended | {job.id: job} if job.state.settled else known.ended
        jobs = [ends.get(each.id, each) for each in await self._find_batch(job.batch or "")]
        attached = await self._messages.attached(route, job.place)
        kept = {each.id: file for each in jobs for file in attached if each.id in file.filename}
        for each in jobs:
            # After a lost response, the message may have this job's file already.
            if each.is_kept_back or (each.id == job.id and result is not None):
                kept.pop(each.id, None)
        gallery: dict[str, Attachment] = {job_id: PostedAttachment.of(each) for job_id, each in kept.items()}
        if result is not None:
            gallery[job.id] = result
        card = batch_card(
            self._models[job.slug], jobs, known.stages, gallery, self._text, now=self._clock.now()
        )
        files = [] if result is None else [result.file()]
        await self._messages.try_route(route, job.place, card, files, kept=list(kept.values()))

    async def forget_if_over(self, job: Job) -> bool:
        """Forget a batch all of whose jobs have ended here or were told; return whether they have."""
        known = self._of(job)
        jobs = await self._find_batch(job.batch or "")
        if not all(each.told or each.id in known.ended for each in jobs):
            return False
        self._batches.pop(job.batch or "", None)
        return True

    def _of(self, job: Job) -> _Batch:
        return self._batches.setdefault(job.batch or job.id, _Batch())
