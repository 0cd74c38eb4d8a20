"""Card of a job that is not finished: its stage, its progress and its price."""

from typing import assert_never

from bot.chat.text import Text
from bot.chat.ui.amounts import about
from bot.chat.ui.card import (
    AMBER,
    BLUE,
    GREY,
    NO_MEDIA,
    Card,
    CardMedia,
    CardText,
    credits_words,
    relative_timestamp,
)
from bot.chat.ui.order_summary import chosen_words
from bot.chat.ui.states import JobState
from bot.jobs.job import Job
from bot.jobs.stages import (
    Collecting,
    Due,
    Halted,
    Paused,
    Processing,
    Queued,
    Reconnecting,
    Searching,
    Stage,
    Waiting,
)
from bot.models import FaceModel

BAR_LENGTH = 10
# Stages before the job is submitted, in which a member can cancel the order free of charge.
FREE = (Waiting, Due, Paused, Halted, Reconnecting)


def stage_card(
    model: type[FaceModel], job: Job, stage: Stage, text: Text, *, now: float, media: CardMedia = NO_MEDIA
) -> Card:
    colour, state, lines = stage_words(stage, now, text)
    # The options of an order whose result goes to the member in private are private as well.
    chosen = "" if job.place.direct and not job.place.hidden else chosen_words(model, job)
    price = text("stage.price", price=credits_words(job.price, text))
    return Card(model.card, colour, CardText(state, lines, [price, chosen]), text, media)


def stage_words(stage: Stage, now: float, text: Text) -> tuple[int, JobState, list[str]]:
    match stage:
        case Waiting(position):
            return GREY, JobState.WAITING, [text("stage.waiting", position=position)]
        case Due():
            return GREY, JobState.NEXT, [text("stage.due"), text("stage.due_note")]
        case Paused():
            return GREY, JobState.PAUSED, [text("stage.paused"), text("stage.paused_note")]
        case Halted():
            return GREY, JobState.PAUSED, [text("stage.halted"), text("stage.halted_note")]
        case Reconnecting():
            return GREY, JobState.RETRYING, [text("stage.reconnecting"), text("stage.reconnecting_note")]
        case Queued(since, usual):
            return BLUE, JobState.QUEUED, _progress("stage.queued", since, usual, now, text)
        case Processing(since, usual):
            return AMBER, JobState.PROCESSING, _progress("stage.processing", since, usual, now, text)
        case Collecting():
            return AMBER, JobState.FETCHING, [text("stage.collecting"), text("stage.collecting_note")]
        case Searching():
            return AMBER, JobState.CHECKING, [text("stage.searching"), text("stage.searching_note")]
        case _:
            assert_never(stage)


def _progress(key: str, since: float, usual: float, now: float, text: Text) -> list[str]:
    progress = bar(now - since, usual)
    if now - since >= usual:
        note = text("stage.overdue", bar=progress, seconds=about(usual, text))
    else:
        note = text("stage.usual", bar=progress, when=relative_timestamp(since + usual))
    return [text(key, since=relative_timestamp(since)), note]


def bar(elapsed: float, usual: float) -> str:
    """Progress bar of the usual time. It never fills up, because only a result means 100%."""
    share = min(max(elapsed / usual, 0.0), 1.0) if usual > 0 else 1.0
    steps = min(int(BAR_LENGTH * share), BAR_LENGTH - 1)
    return "▰" * steps + "▱" * (BAR_LENGTH - steps)
