"""Buttons and select on the card of a job. Their ids hold all their state, so they survive a restart."""

import re
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

# Discord's limits for the options of a select and for the length of their descriptions.
_MAX_OPTIONS, _MAX_DESCRIPTION = 25, 100
_URL_SCHEMES = ("http://", "https://")
_JOB = r"(?P<owner>\d+):(?P<job>[0-9A-Za-z_-]{1,40})"
_OF_JOB = re.compile(rf"(?:job:[a-z]+|model):{_JOB}")


class Action(StrEnum):
    """Action of a button on the card of a job."""

    AGAIN = "again"
    SEED = "seed"
    EDIT = "edit"
    CANCEL = "cancel"
    SHOW = "show"
    DELETE = "delete"
    REPORT = "report"


_LABELS_AND_STYLES: Mapping[Action, tuple[str, ButtonStyle]] = {
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
    template=rf"job:(?P<action>[a-z]+):{_JOB}",
):
    """Button on the card of a job."""

    def __init__(self, action: Action, owner: int, job_id: str, label: str) -> None:
        _, style = _LABELS_AND_STYLES[action]
        super().__init__(label, f"job:{action}:{owner}:{job_id}", style)
        self.action = action
        self.owner = owner
        self.job_id = job_id

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(Action(match["action"]), int(match["owner"]), match["job"], label)


class OtherModel(
    ui.DynamicItem[ui.Select[Any]],
    template=rf"model:{_JOB}",
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


def owner_of(custom_id: str) -> int | None:
    """Member of the job to which a button or select belongs; None if it belongs to no job."""
    match = _OF_JOB.fullmatch(custom_id)
    return None if match is None else int(match["owner"])


def waiting_rows(job: Job, text: Text) -> list[ui.ActionRow[Any]]:
    """Button of an order that was not submitted yet, and so costs nothing."""
    return [_row(_button(Action.CANCEL, job, text))]


def show_rows(job: Job, text: Text) -> list[ui.ActionRow[Any]]:
    """Button for a result that could not be sent to the member in private."""
    return [_row(_button(Action.SHOW, job, text))]


def end_rows(
    models: Mapping[str, type[FaceModel]], job: Job, text: Text, *, public: bool
) -> list[ui.ActionRow[Any]]:
    """Buttons of a finished job; `public` means that people other than the member see its result."""
    if job.is_kept_back:
        return []
    actions: list[Action] = []
    alternative_models: list[type[FaceModel]] = []
    model = models[job.slug]
    if _has_urls(model, job):
        # Segmind's content rules would block the same order again.
        if job.state is not State.BLOCKED:
            actions.append(Action.AGAIN)
        if SEED in model.model_fields and job.state is State.DONE:
            actions.append(Action.SEED)
        actions.append(Action.EDIT)
        alternative_models = alternatives(models, job)
    if job.state is State.DONE:
        actions.append(Action.DELETE)
        if public:
            actions.append(Action.REPORT)
    rows: list[ui.ActionRow[Any]] = []
    if actions:
        rows.append(_row(*(_button(action, job, text) for action in actions)))
    if alternative_models:
        rows.append(_row(_select(alternative_models, job, text)))
    return rows


def _has_urls(model: type[FaceModel], job: Job) -> bool:
    """Whether the order named its files by URL, so that they may still be there."""
    required = (model.face_slot(), model.target_slot())
    return all(str(job.body.get(name, "")).startswith(_URL_SCHEMES) for name in required)


def _row(*items: ui.Item[Any]) -> ui.ActionRow[Any]:
    return ui.ActionRow(*items)


def _button(action: Action, job: Job, text: Text) -> JobButton:
    label, _ = _LABELS_AND_STYLES[action]
    return JobButton(action, job.place.user_id, job.id, text(label))


def _select(alternative_models: list[type[FaceModel]], job: Job, text: Text) -> OtherModel:
    options = [
        discord.SelectOption(
            label=model.card.title,
            value=model.card.slug,
            description=text.phrase(model.card.summary)[:_MAX_DESCRIPTION],
        )
        for model in alternative_models[:_MAX_OPTIONS]
    ]
    select: ui.Select[Any] = ui.Select(placeholder=text("buttons.other_model"), options=options)
    return OtherModel(job.place.user_id, job.id, select)
