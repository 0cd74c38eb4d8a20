"""Card of a job that is not finished: its stage, its progress and its price."""

from dataclasses import replace
from typing import assert_never

from bot.chat.text import Text
from bot.chat.ui.amounts import rough_duration
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
    NoBalance,
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
FREE = (Waiting, Due, NoBalance, Paused, Reconnecting)


def stage_card(
    model: type[FaceModel], job: Job, stage: Stage, text: Text, *, now: float, media: CardMedia = NO_MEDIA
) -> Card:
    colour, words = stage_words(stage, now, text)
    # The options of an order whose result goes to the member in private are private as well.
    chosen = "" if job.place.direct and not job.place.hidden else chosen_words(model, job)
    price = text("stage.price", price=credits_words(job.price, text))
    return Card(model.card, colour, replace(words, small=[*words.small, price, chosen]), text, media)


def stage_words(stage: Stage, now: float, text: Text) -> tuple[int, CardText]:
    """Colour and words of a stage, without the price."""
    match stage:
        case Waiting(position):
            return GREY, CardText(JobState.WAITING, [text("stage.waiting", position=position)])
        case Due():
            return GREY, CardText(JobState.NEXT, [text("stage.due"), text("stage.due_note")])
        case NoBalance():
            return GREY, CardText(JobState.PAUSED, [text("stage.no_balance"), text("stage.no_balance_note")])
        case Paused():
            return GREY, CardText(JobState.PAUSED, [text("stage.paused"), text("stage.paused_note")])
        case Reconnecting():
            lines = [text("stage.reconnecting"), text("stage.reconnecting_note")]
            return GREY, CardText(JobState.RETRYING, lines)
        case Queued(since, usual):
            return BLUE, _progress(JobState.QUEUED, since, usual, now, text)
        case Processing(since, usual):
            return AMBER, _progress(JobState.PROCESSING, since, usual, now, text)
        case Collecting():
            return AMBER, CardText(
                JobState.FETCHING, [text("stage.collecting"), text("stage.collecting_note")]
            )
        case Searching():
            lines = [text("stage.searching"), text("stage.searching_note")]
            return AMBER, CardText(JobState.CHECKING, lines)
        case _:
            assert_never(stage)


def _progress(state: JobState, since: float, usual: float, now: float, text: Text) -> CardText:
    progress = bar(now - since, usual)
    if now - since >= usual:
        line = text("stage.overdue", bar=progress, seconds=rough_duration(usual, text))
    else:
        line = text("stage.usual", bar=progress, when=relative_timestamp(since + usual))
    return CardText(state, [line], [text("stage.sent", since=relative_timestamp(since))])


def bar(elapsed: float, usual: float) -> str:
    """Progress bar of the usual time. It never fills up, because only a result means 100%."""
    share = min(max(elapsed / usual, 0.0), 1.0) if usual > 0 else 1.0
    steps = min(int(BAR_LENGTH * share), BAR_LENGTH - 1)
    return "▰" * steps + "▱" * (BAR_LENGTH - steps)
