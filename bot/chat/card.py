"""A job's state becomes a card: pure, from data to Components V2."""

from typing import Protocol, assert_never

import discord
from discord import ui

from bot.chat.text import Text
from bot.jobs.job import Job, Reason, State
from bot.jobs.stages import (
    Collecting,
    Due,
    Paused,
    Processing,
    Queued,
    Reconnecting,
    Searching,
    Stage,
    Waiting,
)
from bot.models import ModelCard

GREY, BLUE, AMBER, GREEN, RED, DARK = 0x99AAB5, 0x5865F2, 0xFAA61A, 0x3BA55D, 0xED4245, 0x4E5058

DETAIL_LIMIT = 900
# Below this, seconds are told to the tenth.
EXACT_BELOW = 10
MINUTE = 60
# Segmind keeps an output for so long from the end of the job, which is after its submission.
OUTPUT_SECONDS = 7 * 24 * 3600


class Shown(Protocol):
    """A result that is attached to the message."""

    @property
    def filename(self) -> str: ...
    @property
    def alt(self) -> str: ...


class Card(ui.LayoutView):
    """The whole message: a container with the title, what happens, and small print; above it, a heading."""

    def __init__(
        self,
        model: ModelCard,
        colour: int,
        lines: list[str],
        shown: Shown | None = None,
        *,
        heading: str = "",
    ) -> None:
        super().__init__(timeout=None)
        if heading:
            self.add_item(ui.TextDisplay(heading))
        box: ui.Container[Card] = ui.Container(accent_colour=colour)
        box.add_item(ui.TextDisplay(f"### {model.title}\n{lines[0]}"))
        if shown is not None:
            address = f"attachment://{shown.filename}"
            box.add_item(ui.MediaGallery(discord.MediaGalleryItem(address, description=shown.alt)))
        if small := [f"-# {line}" for line in lines[1:] if line]:
            box.add_item(ui.TextDisplay("\n".join(small)))
        self.add_item(box)


def stage_card(model: ModelCard, stage: Stage, price: int, text: Text) -> Card:
    """An open job, with what it will cost."""
    colour, lines = _stage_words(stage, text)
    return Card(model, colour, [*lines, text("stage.price", price=credits_words(price, text))])


def _stage_words(stage: Stage, text: Text) -> tuple[int, list[str]]:
    match stage:
        case Waiting(position):
            return GREY, [text("stage.waiting", position=position), text("stage.waiting_note")]
        case Due():
            return GREY, [text("stage.due"), text("stage.due_note")]
        case Paused():
            return GREY, [text("stage.paused"), text("stage.paused_note")]
        case Reconnecting():
            return GREY, [text("stage.reconnecting"), text("stage.reconnecting_note")]
        case Queued(since, usual):
            return BLUE, [text("stage.queued", since=moment(since)), _usual(usual, text)]
        case Processing(since, usual):
            return AMBER, [text("stage.processing", since=moment(since)), _usual(usual, text)]
        case Collecting():
            return AMBER, [text("stage.collecting"), text("stage.collecting_note")]
        case Searching():
            return AMBER, [text("stage.searching"), text("stage.searching_note")]
        case _:
            assert_never(stage)


def end_card(
    model: ModelCard, job: Job, text: Text, shown: Shown | None = None, *, heading: str = ""
) -> Card:
    """A settled job. The heading is for a message that is not the one of the job."""
    match job.state:
        case State.DONE:
            return _done_card(model, job, text, shown, heading)
        case State.BLOCKED:
            lines = [text("end.blocked") + _quoted(job.detail, text), text("end.advice_blocked")]
        case State.EXPIRED:
            lines = [text("end.expired")]
        case State.CANCELLED:
            lines = [text("end.cancelled")]
        case _:
            lines = _failure(job, text)
    colour = DARK if job.state in {State.CANCELLED, State.EXPIRED} else RED
    free = text("end.free", price=credits_words(job.price, text))
    return Card(model, colour, [*lines, free], heading=heading)


def _done_card(model: ModelCard, job: Job, text: Text, shown: Shown | None, heading: str) -> Card:
    took = (job.settled_at or job.created_at) - (job.submitted_at or job.created_at)
    paid = text("end.paid", price=credits_words(job.price, text))
    if shown is not None:
        lines = [text("end.done", seconds=duration(took)), paid]
        return Card(model, GREEN, lines, shown, heading=heading)
    link = text("end.link", url=job.output, until=_until(job)) if job.output else ""
    return Card(model, GREEN, [text("end.not_shown"), link, paid], heading=heading)


def _until(job: Job) -> str:
    """When Segmind deletes the result, in Discord's words: a little too early rather than too late."""
    return f"<t:{int((job.submitted_at or job.created_at) + OUTPUT_SECONDS)}:f>"


def _failure(job: Job, text: Text) -> list[str]:
    match job.reason:
        case Reason.SEGMIND | None:
            return [text("end.failed") + _quoted(job.detail, text), text("end.advice_failed")]
        case Reason.PARAMETERS:
            return [text("end.parameters") + _quoted(job.detail, text)]
        case Reason.SERVICE:
            return [text("end.service")]
        case Reason.UNREACHABLE:
            return [text("end.unreachable")]
        case Reason.NOT_FOUND:
            return [text("end.not_found")]
        case Reason.RESULT:
            return [text("end.result")]
        case _:
            assert_never(job.reason)


def notice(sentence: str) -> ui.LayoutView:
    """An answer that is no job: a refusal, or a word about what went wrong."""
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(ui.TextDisplay(sentence), accent_colour=RED))
    return view


def credits_words(count: int, text: Text) -> str:
    return text("credits", count=count)


def duration(seconds: float) -> str:
    if seconds < EXACT_BELOW:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min"


def about(seconds: float) -> str:
    """In whole seconds or minutes."""
    return duration(max(1, round(seconds))).replace(".0 ", " ")


def _usual(seconds: float, text: Text) -> str:
    return text("stage.usual", seconds=about(seconds))


def moment(at: float) -> str:
    """Discord's own clock face: each reader sees their own time, and it counts on without an edit."""
    return f"<t:{int(at)}:R>"


def _quoted(detail: str | None, text: Text) -> str:
    """Foreign words as a block of code, where neither markdown nor mentions mean anything."""
    words = (detail or text("end.silence")).replace("`", "'")
    if len(words) > DETAIL_LIMIT:
        words = f"{words[: DETAIL_LIMIT - 1]}…"
    return f"\n```\n{words}\n```"
