"""Buttons and menu on the card of a job. Their ids hold all their state, so they survive a restart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
# Value of the menu's option that repeats the order exactly; no model has this name.
SAME_SEED = "same"
_URL_SCHEMES = ("http://", "https://")
_JOB = r"(?P<owner>\d+):(?P<job>[0-9A-Za-z_-]{1,40})"
_OF_JOB = re.compile(rf"(?:job:[a-z]+|model):{_JOB}")


class Action(StrEnum):
    """Action of a button on the card of a job."""

    AGAIN = "again"
    REROLL = "seed"
    """The same order with another seed. Cards of earlier releases have this id on their buttons."""
    EDIT = "edit"
    CANCEL = "cancel"
    REST = "rest"
    """Cancel the jobs of a batch that were not submitted."""
    SHOW = "show"
    DELETE = "delete"
    DELETE_FOR_GOOD = "remove"
    """Answer to the question whether to delete."""
    REPORT = "report"
    SHARE = "share"
    """Show the result in the server's showcase."""
    UNSHARE = "unshare"

    @property
    def deletes(self) -> bool:
        return self in {Action.DELETE, Action.DELETE_FOR_GOOD, Action.UNSHARE}


@dataclass(frozen=True, slots=True)
class _ButtonStyle:
    label: str
    icon: str
    style: ButtonStyle = ButtonStyle.secondary


_STYLES: Mapping[Action, _ButtonStyle] = {
    Action.AGAIN: _ButtonStyle("buttons.again", "🔁", ButtonStyle.primary),
    Action.REROLL: _ButtonStyle("buttons.reroll", "🔁", ButtonStyle.primary),
    Action.EDIT: _ButtonStyle("buttons.edit", "✏️"),
    Action.CANCEL: _ButtonStyle("buttons.cancel", "⏹️"),
    Action.REST: _ButtonStyle("buttons.rest", "⏹️"),
    Action.SHOW: _ButtonStyle("buttons.show", "👁️", ButtonStyle.primary),
    Action.DELETE: _ButtonStyle("buttons.delete", "🗑️", ButtonStyle.danger),
    Action.DELETE_FOR_GOOD: _ButtonStyle("buttons.delete_for_good", "🗑️", ButtonStyle.danger),
    Action.REPORT: _ButtonStyle("buttons.report", "🚩"),
    Action.SHARE: _ButtonStyle("buttons.share", "🖼️"),
    Action.UNSHARE: _ButtonStyle("buttons.unshare", "🗑️"),
}


class JobButton(
    StatefulButton,
    template=rf"job:(?P<action>[a-z]+):{_JOB}",
):
    """Button on the card of a job."""

    def __init__(self, action: Action, owner: int, job_id: str, label: str) -> None:
        shown = _STYLES[action]
        super().__init__(label, f"job:{action}:{owner}:{job_id}", shown.style, shown.icon)
        self.action = action
        self.owner = owner
        self.job_id = job_id

    @classmethod
    def from_match(cls, match: Match[str], label: str) -> Self:
        return cls(Action(match["action"]), int(match["owner"]), match["job"], label)


class MoreMenu(
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
    return [_row(button(Action.CANCEL, job, text))]


def show_rows(job: Job, text: Text) -> list[ui.ActionRow[Any]]:
    """Button for a result that could not be sent to the member in private."""
    return [_row(button(Action.SHOW, job, text))]


def batch_rows(jobs: Sequence[Job], text: Text, *, public: bool) -> list[ui.ActionRow[Any]]:
    """Buttons of a batch: to cancel its waiting jobs, and at the end those of `end_rows` for results."""
    if any(job.state is State.HELD for job in jobs):
        return [_row(button(Action.REST, jobs[0], text))]
    shown = [job for job in jobs if job.state is State.DONE and not job.is_kept_back]
    if not shown or not all(job.state.settled for job in jobs):
        return []
    actions = [Action.DELETE, Action.REPORT] if public else [Action.DELETE]
    return [_row(*(button(action, shown[0], text) for action in actions))]


def end_rows(
    models: Mapping[str, type[FaceModel]], job: Job, text: Text, *, public: bool, can_share: bool = False
) -> list[ui.ActionRow[Any]]:
    """Buttons of a finished job; `public` means that people other than the member see its result.

    `can_share` means that the member may show it in the showcase of the server.
    """
    if job.is_kept_back:
        return []
    actions: list[Action] = []
    options: list[discord.SelectOption] = []
    model = models[job.slug]
    if _has_urls(model, job):
        if job.state is State.DONE:
            if SEED in job.body:
                actions.append(Action.REROLL)
                options.append(_same_seed(job, text))
        # Segmind's content rules would block the same order again.
        elif job.state is not State.BLOCKED:
            actions.append(Action.AGAIN)
        actions.append(Action.EDIT)
        options += [_other_model(each, text) for each in alternatives(models, job)]
    if can_share:
        actions.append(Action.SHARE)
    actions.append(Action.DELETE)
    if job.state is State.DONE and public:
        actions.append(Action.REPORT)
    rows = [_row(*(button(action, job, text) for action in actions))]
    if options:
        placeholder = text("buttons.more" if Action.REROLL in actions else "buttons.other_model")
        select: ui.Select[Any] = ui.Select(placeholder=placeholder, options=options[:_MAX_OPTIONS])
        rows.append(_row(MoreMenu(job.place.user_id, job.id, select)))
    return rows


def _has_urls(model: type[FaceModel], job: Job) -> bool:
    """Return whether the order named its files by URL, so that they may still be there."""
    required = (model.face_slot(), model.target_slot())
    return all(str(job.body.get(name, "")).startswith(_URL_SCHEMES) for name in required)


def _row(*items: ui.Item[Any]) -> ui.ActionRow[Any]:
    return ui.ActionRow(*items)


def button(action: Action, job: Job, text: Text) -> JobButton:
    return JobButton(action, job.place.user_id, job.id, text(_STYLES[action].label))


def _same_seed(job: Job, text: Text) -> discord.SelectOption:
    note = text("buttons.same_seed_note", seed=job.body[SEED])[:_MAX_DESCRIPTION]
    return discord.SelectOption(
        label=text("buttons.same_seed"), value=SAME_SEED, description=note, emoji="🌱"
    )


def _other_model(model: type[FaceModel], text: Text) -> discord.SelectOption:
    note = text.phrase(model.card.summary)[:_MAX_DESCRIPTION]
    return discord.SelectOption(label=model.card.title, value=model.card.slug, description=note)
