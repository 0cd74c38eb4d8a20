"""Handlers of the buttons and the select on a job's card."""

from collections.abc import Mapping
from typing import Any, Protocol

from bot.chat.delivery.job_buttons import SAME_SEED, Action, JobButton, MoreMenu, button
from bot.chat.delivery.result_card import end_card
from bot.chat.delivery.showcase import Showcase
from bot.chat.delivery.undelivered import UndeliveredResults
from bot.chat.interactions import Interaction
from bot.chat.orders.display_options import DisplayOptions
from bot.chat.orders.forms.edit_form import EditOrderForm
from bot.chat.orders.order_handler import OrderHandler
from bot.chat.orders.reorder import PreviousInputs
from bot.chat.shared import Shared
from bot.chat.ui.card import RED, CardMedia
from bot.chat.ui.info_card import InfoCard
from bot.chat.ui.order_summary import SEED
from bot.chat.ui.replies import defer_ephemeral, send_deferred
from bot.jobs.job import Job, State
from bot.jobs.service import JobService


class NotYourOrder(Exception):
    """Only the member who made an order decides about it."""


class OwnOrder(Exception):
    """Members delete their own results instead of reporting them."""


class OrderForgotten(Exception):
    """The order is no longer on record."""


class Cases(Protocol):
    """Reports and removals; `bot.chat.moderation` imports this package, so its class is not imported here.

    `ask` and `remove` respond to the interaction themselves.
    """

    async def ask(self, interaction: Interaction, job_id: str) -> None: ...

    async def remove(self, interaction: Interaction, job_id: str) -> None: ...


class JobActions:
    """Checks who pressed a button of a job and performs its action."""

    def __init__(
        self,
        shared: Shared,
        *,
        job_service: JobService,
        order_handler: OrderHandler,
        previous_inputs: PreviousInputs,
        undelivered: UndeliveredResults,
        cases: Cases,
    ) -> None:
        self._job_service = job_service
        self._order_handler = order_handler
        self._previous_inputs = previous_inputs
        self._undelivered = undelivered
        self._cases = cases
        self._moderation_store = shared.store.moderation
        self._showcase = Showcase(shared)
        self._models = shared.models
        self._text = shared.text

    async def press(self, interaction: Interaction, pressed: JobButton) -> None:
        await self._authorize(interaction, pressed)
        match pressed.action:
            case (
                Action.REPORT
                | Action.SHARE
                | Action.UNSHARE
                | Action.SHOW
                | Action.DELETE
                | Action.DELETE_FOR_GOOD
            ):
                await self._handle_result(interaction, pressed)
            case Action.CANCEL | Action.REST:
                # The outcome appears on the card, so the press itself needs no answer.
                await interaction.response.defer()
                await self._cancel(await self._find(pressed.job_id), rest=pressed.action is Action.REST)
            case Action.AGAIN:
                await self._order_again(interaction, await self._find(pressed.job_id), {})
            case Action.REROLL:
                # Without a seed, the order gets a new one.
                await self._order_again(interaction, await self._find(pressed.job_id), {SEED: None})
            case Action.EDIT:
                await interaction.response.send_modal(self._edit_form(await self._find(pressed.job_id)))

    async def _handle_result(self, interaction: Interaction, pressed: JobButton) -> None:
        match pressed.action:
            case Action.REPORT:
                await self._cases.ask(interaction, pressed.job_id)
            case Action.SHARE:
                await self._showcase.share(interaction, await self._find(pressed.job_id))
            case Action.UNSHARE:
                await self._showcase.unshare(interaction, pressed.job_id)
            case Action.DELETE:
                await self._ask_to_delete(interaction, pressed.job_id)
            case Action.DELETE_FOR_GOOD:
                await self._cases.remove(interaction, pressed.job_id)
            case _:
                if await self._moderation_store.is_taken_down(pressed.job_id):
                    raise OrderForgotten
                await self._show(interaction, await self._find(pressed.job_id))

    async def choose(self, interaction: Interaction, menu: MoreMenu) -> None:
        """Repeat the order exactly, or order the same files with another model."""
        _check_permission(Action.AGAIN, interaction, menu.owner)
        job = await self._find(menu.job_id)
        (choice,) = menu.item.values
        if choice == SAME_SEED:
            return await self._order_again(interaction, job, {})
        model = self._models[choice]
        files = self._previous_inputs.files_for(model, self._models[job.slug], job)
        return await self._order_handler.handle(
            interaction, model, dict(files), display=DisplayOptions.of(job.place)
        )

    async def _cancel(self, job: Job, *, rest: bool) -> None:
        if rest and job.batch is not None:
            await self._job_service.cancel_batch(job.batch)
        else:
            await self._job_service.cancel(job)

    async def _ask_to_delete(self, interaction: Interaction, job_id: str) -> None:
        """Ask before a result is lost. A card without one is deleted at once.

        So is a hidden one: once the token of its order has expired, only a press on it can delete it.
        """
        job = await self._job_service.find(job_id)
        if job is None or job.state is not State.DONE or job.place.hidden:
            return await self._cases.remove(interaction, job_id)
        text = self._text
        question = InfoCard(
            text("cases.delete_title"),
            [text("cases.delete_note")],
            text,
            buttons=[button(Action.DELETE_FOR_GOOD, job, text)],
            colour=RED,
        )
        await interaction.response.send_message(view=question, ephemeral=True)
        return None

    async def _authorize(self, interaction: Interaction, pressed: JobButton) -> None:
        try:
            _check_permission(pressed.action, interaction, pressed.owner)
        except NotYourOrder:
            # Members may delete what was made with their avatar.
            job = await self._job_service.find(pressed.job_id) if pressed.action.deletes else None
            if job is None or job.avatar_of != interaction.user.id:
                raise

    async def _find(self, job_id: str) -> Job:
        job = await self._job_service.find(job_id)
        # Retention empties the body of old orders.
        if job is None or not job.body or job.slug not in self._models:
            raise OrderForgotten
        return job

    async def _show(self, interaction: Interaction, job: Job) -> None:
        """Send the member the result, or a card with its link, in an ephemeral reply."""
        await defer_ephemeral(interaction)
        result = await self._undelivered.fetch(job, interaction.filesize_limit)
        media = CardMedia(shown=result, spoiler=job.place.spoiler)
        files = [] if result is None else [result.file()]
        await send_deferred(interaction, end_card(self._models[job.slug], job, self._text, media), *files)

    async def _order_again(self, interaction: Interaction, job: Job, changes: Mapping[str, Any]) -> None:
        model = self._models[job.slug]
        inputs = self._previous_inputs
        values = {**inputs.options(model, job), **changes, **inputs.files(model, job)}
        await self._order_handler.handle(interaction, model, values, display=DisplayOptions.of(job.place))

    def _edit_form(self, job: Job) -> EditOrderForm:
        model = self._models[job.slug]

        async def on_submit(interaction: Interaction, changes: Mapping[str, Any]) -> None:
            await self._order_again(interaction, job, changes)

        return EditOrderForm(model, self._previous_inputs.options(model, job), self._text, on_submit)


def _check_permission(action: Action, interaction: Interaction, owner: int) -> None:
    is_owner = interaction.user.id == owner
    match action:
        case Action.REPORT:
            if is_owner:
                raise OwnOrder
        case _ if action.deletes:
            if not (is_owner or interaction.permissions.manage_messages):
                raise NotYourOrder
        case _:
            if not is_owner:
                raise NotYourOrder
