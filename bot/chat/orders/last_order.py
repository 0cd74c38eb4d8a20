"""Repeats a member's last order, optionally with new files."""

from typing import Any

from bot.chat.interactions import Interaction
from bot.chat.orders.attachments import Upload
from bot.chat.orders.display_options import DisplayOptions
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.reorder import PreviousInputs
from bot.chat.orders.slash_command import FACE
from bot.chat.shared import Shared
from bot.jobs.job import Job
from bot.jobs.service import JobService
from bot.models import FaceModel


class NoLastOrder(Exception):
    """The member has no order on record, or none with this command."""


class LastOrders:
    """A member's last options of each command, which are those of their newest job."""

    def __init__(
        self,
        shared: Shared,
        job_service: JobService,
        order_handler: OrderHandler,
        previous_inputs: PreviousInputs,
    ) -> None:
        self._job_history = shared.store.job_history
        self._job_service = job_service
        self._order_handler = order_handler
        self._previous_inputs = previous_inputs
        self.models = shared.models

    async def repeat(
        self,
        interaction: Interaction,
        *,
        slug: str | None = None,
        source: Upload | None = None,
        face: str | None = None,
        target: Upload | None = None,
    ) -> None:
        """Order again with the options of the last order; raise `NoLastOrder`.

        `source` or the saved face `face` replaces its face, and `target` its target.
        """
        job_id = await self._job_history.last_of_member(interaction.user.id, slug)
        job = None if job_id is None else await self._job_service.find(job_id)
        # Retention empties the body of old orders.
        if job is None or not job.body or job.slug not in self.models:
            raise NoLastOrder
        model = self.models[job.slug]
        values = self._values(model, job, source=source, face=face, target=target)
        await self._order_handler.handle(interaction, model, values, display=DisplayOptions.of(job.place))

    def _values(
        self,
        model: type[FaceModel],
        job: Job,
        *,
        source: Upload | None,
        face: str | None,
        target: Upload | None,
    ) -> dict[str, Any]:
        files: dict[str, Any] = dict(self._previous_inputs.files(model, job))
        if source is not None or face is not None:
            files.pop(model.face_slot(), None)
        if target is not None:
            # Other files, such as a mask, were made for the old target.
            files = {name: file for name, file in files.items() if name == model.face_slot()}
        new = {model.face_slot(): source, model.target_slot(): target, FACE: face}
        given = {name: value for name, value in new.items() if value is not None}
        options = self._previous_inputs.options(model, job)
        if model.face_slot() not in files:
            # The numbers count the faces of the old picture.
            options = {name: value for name, value in options.items() if name not in model.pairing((), ())}
        return {**options, **files, **given}
