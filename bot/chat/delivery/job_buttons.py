"""The buttons on the card of a job: all that they know stands in their ids, so they work for ever."""

from collections.abc import Mapping
from enum import StrEnum
from re import Match
from typing import Any, Self, cast

import discord
from discord import ButtonStyle, ui

from bot.chat.interactions import Interaction
from bot.chat.orders.reorder import alternatives
from bot.chat.text import Text
from bot.chat.ui.buttons import StatefulButton, handle
from bot.chat.ui.order_summary import SEED
from bot.jobs.job import Job, State
from bot.models import FaceModel

# Discord's bounds for the choices of a select and for their descriptions.
CHOICES, CHOICE_LIMIT = 25, 100
ADDRESSES = ("http://", "https://")


class Action(StrEnum):
    AGAIN = "again"
    SEED = "seed"
    EDIT = "edit"
    CANCEL = "cancel"
    SHOW = "show"
    DELETE = "delete"
    REPORT = "report"


_LOOKS: Mapping[Action, tuple[str, ButtonStyle]] = {
    Action.AGAIN: ("buttons.again", ButtonStyle.primary),
    Action.SEED: ("buttons.seed", ButtonStyle.secondary),
    Action.EDIT: ("buttons.edit", ButtonStyle.secondary),
    Action.CANCEL: ("buttons.cancel", ButtonStyle.secondary),
    Action.SHOW: ("buttons.show", ButtonStyle.primary),
    Action.DELETE: ("buttons.delete", ButtonStyle.secondary),
    Action.REPORT: ("buttons.report", ButtonStyle.secondary),
}


class JobButton(
    StatefulButton,
    template=r"job:(?P<action>[a-z]+):(?P<owner>\d+):(?P<job>[0-9A-Za-z_-]{1,40})",
):
    """Button on the card of a job."""

    def __init__(self, action: Action, owner: int, job_id: str, label: str) -> None:
        _, style = _LOOKS[action]
        super().__init__(label, f"job:{action}:{owner}:{job_id}", style)
        self.action = action
        self.owner = owner
        self.job_id = job_id

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(Action(match["action"]), int(match["owner"]), match["job"], label)


class OtherModel(
    ui.DynamicItem[ui.Select[Any]],
    template=r"model:(?P<owner>\d+):(?P<job>[0-9A-Za-z_-]{1,40})",
):
    """Select that orders the same files with another model."""

    def __init__(self, owner: int, job_id: str, select: ui.Select[Any]) -> None:
        select.custom_id = f"model:{owner}:{job_id}"
        super().__init__(select)
        self.owner = owner
        self.job_id = job_id

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: ui.Item[Any], match: Match[str], /) -> Self:
        del interaction
        return cls(int(match["owner"]), match["job"], cast("ui.Select[Any]", item))

    async def callback(self, interaction: Interaction) -> None:
        await handle(interaction, self)


def waiting_rows(job: Job, text: Text) -> list[ui.ActionRow[Any]]:
    """While an order costs nothing yet."""
    return [_row(_button(Action.CANCEL, job, text))]


def show_rows(job: Job, text: Text) -> list[ui.ActionRow[Any]]:
    """Under a result that could not be sent in private."""
    return [_row(_button(Action.SHOW, job, text))]


def end_rows(
    models: Mapping[str, type[FaceModel]], job: Job, text: Text, *, public: bool
) -> list[ui.ActionRow[Any]]:
    """`public`: whether others than the member see the result."""
    if job.is_kept_back:
        return []
    actions: list[Action] = []
    others: list[type[FaceModel]] = []
    model = models[job.slug]
    if _has_addresses(model, job):
        # What content rules refused once, they refuse again.
        if job.state is not State.BLOCKED:
            actions.append(Action.AGAIN)
        if SEED in model.model_fields and job.state is State.DONE:
            actions.append(Action.SEED)
        actions.append(Action.EDIT)
        others = alternatives(models, job)
    if job.state is State.DONE:
        actions.append(Action.DELETE)
        if public:
            actions.append(Action.REPORT)
    rows: list[ui.ActionRow[Any]] = []
    if actions:
        rows.append(_row(*(_button(action, job, text) for action in actions)))
    if others:
        rows.append(_row(_select(others, job, text)))
    return rows


def _has_addresses(model: type[FaceModel], job: Job) -> bool:
    """Whether the files of the order may still be somewhere."""
    required = (model.face_slot(), model.target_slot())
    return all(str(job.body.get(name, "")).startswith(ADDRESSES) for name in required)


def _row(*items: ui.Item[Any]) -> ui.ActionRow[Any]:
    return ui.ActionRow(*items)


def _button(action: Action, job: Job, text: Text) -> JobButton:
    label, _ = _LOOKS[action]
    return JobButton(action, job.place.user_id, job.id, text(label))


def _select(others: list[type[FaceModel]], job: Job, text: Text) -> OtherModel:
    choices = [
        discord.SelectOption(
            label=model.card.title,
            value=model.card.slug,
            description=text.phrase(model.card.summary)[:CHOICE_LIMIT],
        )
        for model in others[:CHOICES]
    ]
    select: ui.Select[Any] = ui.Select(placeholder=text("buttons.other_model"), options=choices)
    return OtherModel(job.place.user_id, job.id, select)
