"""What the buttons on a job's card do, and who may press them."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol, cast

from bot.chat.answers import give, promise, refuse
from bot.chat.card import Look
from bot.chat.edit import Edit
from bot.chat.end_card import end_card
from bot.chat.kept import KeptResults
from bot.chat.options import Interaction
from bot.chat.particulars import SEED
from bot.chat.recall import Recall
from bot.chat.text import Text
from bot.chat.wish import Wish
from bot.jobs.job import Job
from bot.jobs.service import Desk
from bot.models import FaceModel

SEED_MOST = 2**31


class Action(StrEnum):
    AGAIN = "again"
    SEED = "seed"
    EDIT = "edit"
    CANCEL = "cancel"
    SHOW = "show"
    DELETE = "delete"
    REPORT = "report"


class NotYourOrder(Exception):
    """Whoever ordered it decides about it; the pictures are theirs."""


class OwnOrder(Exception):
    """Nobody needs to report to the moderators what they can delete."""


class OrderForgotten(Exception):
    """The order is not on record any more."""


class Cases(Protocol):
    """What becomes of a result that somebody objects to; both answer the interaction themselves."""

    async def report(self, interaction: Interaction, job_id: str) -> None: ...

    async def remove(self, interaction: Interaction, job_id: str) -> None: ...

    async def is_down(self, job_id: str) -> bool:
        """Whether the result is shown to nobody any more."""
        ...


class Services(Protocol):
    """The part of the services that a press needs."""

    @property
    def desk(self) -> Desk: ...
    @property
    def recall(self) -> Recall: ...
    @property
    def kept(self) -> KeptResults: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def models(self) -> Mapping[str, type[FaceModel]]: ...
    @property
    def text(self) -> Text: ...


class Client(Protocol):
    """The part of the client that a press needs."""

    @property
    def services(self) -> Services: ...

    def refusal(self, error: Exception) -> str: ...

    async def order(
        self, interaction: Interaction, model: type[FaceModel], values: dict[str, Any], wish: Wish
    ) -> None: ...


Deed = Callable[[Interaction, Client], Awaitable[None]]


async def answered(interaction: Interaction, act: Deed) -> None:
    """Do it; what goes wrong is read by whoever pressed, and by nobody else."""
    client = cast("Client", interaction.client)
    try:
        await act(interaction, client)
    except Exception as error:  # noqa: BLE001 - nobody else would answer the member
        await refuse(interaction, client.refusal(error))


def admit(action: Action, interaction: Interaction, owner: int) -> None:
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


async def do(action: Action, interaction: Interaction, client: Client, job_id: str) -> None:
    cases = client.services.cases
    match action:
        case Action.REPORT:
            await cases.report(interaction, job_id)
        case Action.DELETE:
            await cases.remove(interaction, job_id)
        case Action.CANCEL:
            # The card will say what came of it.
            await interaction.response.defer()
            await client.services.desk.cancel(await _found(client, job_id))
        case Action.AGAIN:
            await _order_again(interaction, client, await _found(client, job_id), {})
        case Action.SEED:
            seed = {SEED: secrets.randbelow(SEED_MOST)}
            await _order_again(interaction, client, await _found(client, job_id), seed)
        case Action.EDIT:
            await interaction.response.send_modal(_edit(client, await _found(client, job_id)))
        case Action.SHOW:
            if await cases.is_down(job_id):
                raise OrderForgotten
            await _show(interaction, client, await _found(client, job_id))


async def try_on(slug: str, interaction: Interaction, client: Client, job_id: str) -> None:
    """The same files with another model."""
    job, models = await _found(client, job_id), client.services.models
    files = client.services.recall.files_for(models[slug], models[job.slug], job)
    await client.order(interaction, models[slug], dict(files), _wish(job))


async def _found(client: Client, job_id: str) -> Job:
    job = await client.services.desk.find(job_id)
    # What an order was made of is forgotten in time.
    if job is None or not job.body or job.slug not in client.services.models:
        raise OrderForgotten
    return job


async def _show(interaction: Interaction, client: Client, job: Job) -> None:
    """The result for its member alone, or where it can be had."""
    its = client.services
    await promise(interaction)
    result = await its.kept.of(job, interaction.filesize_limit)
    look = Look(shown=result, spoiler=job.place.spoiler)
    files = [] if result is None else [result.file()]
    await give(interaction, end_card(its.models[job.slug], job, its.text, look), *files)


async def _order_again(
    interaction: Interaction, client: Client, job: Job, changes: Mapping[str, Any]
) -> None:
    recall, model = client.services.recall, client.services.models[job.slug]
    values = {**recall.options(model, job), **changes, **recall.files(model, job)}
    await client.order(interaction, model, values, _wish(job))


def _edit(client: Client, job: Job) -> Edit:
    """A form with the main options of an order, which is then ordered again."""
    model = client.services.models[job.slug]

    async def go_on(interaction: Interaction, changes: Mapping[str, Any]) -> None:
        await answered(interaction, lambda again, its: _order_again(again, its, job, changes))

    return Edit(model, client.services.recall.options(model, job), client.services.text, go_on)


def _wish(job: Job) -> Wish:
    place = job.place
    return Wish(hidden=place.hidden, spoiler=place.spoiler, direct=place.direct)
