"""What the buttons on a job's card do, and who may press them."""

import secrets
from collections.abc import Mapping
from typing import Any, Protocol

from bot.chat.delivery.job_buttons import Action, JobButton, OtherModel
from bot.chat.delivery.result_card import end_card
from bot.chat.delivery.undelivered import KeptResults
from bot.chat.interactions import Interaction
from bot.chat.orders.display_options import DisplayOptions
from bot.chat.orders.edit_form import EditOrderForm
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.reorder import PreviousInputs
from bot.chat.text import Text
from bot.chat.ui.card import CardMedia
from bot.chat.ui.order_summary import SEED
from bot.chat.ui.replies import defer_ephemeral, report_errors, send_deferred
from bot.jobs.job import Job
from bot.jobs.service import JobService
from bot.models import FaceModel

SEED_MOST = 2**31


class NotYourOrder(Exception):
    """Only the member who made an order decides about it."""


class OwnOrder(Exception):
    """Members delete their own results; they need not report them."""


class OrderForgotten(Exception):
    """The order is no longer on record."""


class Cases(Protocol):
    """Moderation of results; `report` and `remove` answer the interaction themselves."""

    async def report(self, interaction: Interaction, job_id: str) -> None: ...

    async def remove(self, interaction: Interaction, job_id: str) -> None: ...

    async def is_down(self, job_id: str) -> bool:
        """Whether the result was taken down."""
        ...


class JobActions:
    """Handlers of the buttons and the select on a job's card."""

    def __init__(
        self,
        *,
        job_service: JobService,
        order_handler: OrderHandler,
        recall: PreviousInputs,
        kept: KeptResults,
        cases: Cases,
        models: Mapping[str, type[FaceModel]],
        text: Text,
    ) -> None:
        self._job_service = job_service
        self._order_handler = order_handler
        self._recall = recall
        self._kept = kept
        self._cases = cases
        self._models = models
        self._text = text

    async def press(self, interaction: Interaction, button: JobButton) -> None:
        _check_permission(button.action, interaction, button.owner)
        match button.action:
            case Action.REPORT:
                await self._cases.report(interaction, button.job_id)
            case Action.DELETE:
                await self._cases.remove(interaction, button.job_id)
            case Action.CANCEL:
                # The card will say what came of it.
                await interaction.response.defer()
                await self._job_service.cancel(await self._find(button.job_id))
            case Action.AGAIN:
                await self._order_again(interaction, await self._find(button.job_id), {})
            case Action.SEED:
                seed = {SEED: secrets.randbelow(SEED_MOST)}
                await self._order_again(interaction, await self._find(button.job_id), seed)
            case Action.EDIT:
                await interaction.response.send_modal(self._edit_form(await self._find(button.job_id)))
            case Action.SHOW:
                if await self._cases.is_down(button.job_id):
                    raise OrderForgotten
                await self._show(interaction, await self._find(button.job_id))

    async def choose_model(self, interaction: Interaction, select: OtherModel) -> None:
        """Order the same files with another model."""
        _check_permission(Action.AGAIN, interaction, select.owner)
        job = await self._find(select.job_id)
        model = self._models[select.item.values[0]]
        files = self._recall.files_for(model, self._models[job.slug], job)
        await self._order_handler.handle(interaction, model, dict(files), display=_wish(job))

    async def _find(self, job_id: str) -> Job:
        job = await self._job_service.find(job_id)
        # Retention empties the inputs of old orders.
        if job is None or not job.body or job.slug not in self._models:
            raise OrderForgotten
        return job

    async def _show(self, interaction: Interaction, job: Job) -> None:
        """Send the result to its member alone, or say where it can be downloaded."""
        await defer_ephemeral(interaction)
        result = await self._kept.fetch(job, interaction.filesize_limit)
        look = CardMedia(shown=result, spoiler=job.place.spoiler)
        files = [] if result is None else [result.file()]
        await send_deferred(interaction, end_card(self._models[job.slug], job, self._text, look), *files)

    async def _order_again(self, interaction: Interaction, job: Job, changes: Mapping[str, Any]) -> None:
        model = self._models[job.slug]
        values = {**self._recall.options(model, job), **changes, **self._recall.files(model, job)}
        await self._order_handler.handle(interaction, model, values, display=_wish(job))

    def _edit_form(self, job: Job) -> EditOrderForm:
        model = self._models[job.slug]

        async def go_on(interaction: Interaction, changes: Mapping[str, Any]) -> None:
            await report_errors(interaction, lambda: self._order_again(interaction, job, changes))

        return EditOrderForm(model, self._recall.options(model, job), self._text, go_on)


def _check_permission(action: Action, interaction: Interaction, owner: int) -> None:
    is_owner = interaction.user.id == owner
    match action:
        case Action.REPORT:
            if is_owner:
                raise OwnOrder
        case Action.DELETE:
            if not (is_owner or interaction.permissions.manage_messages):
                raise NotYourOrder
        case _:
            if not is_owner:
                raise NotYourOrder


def _wish(job: Job) -> DisplayOptions:
    place = job.place
    return DisplayOptions(hidden=place.hidden, spoiler=place.spoiler, direct=place.direct)
