"""Card of a finished job: the result, or what went wrong and what the member can try."""

from collections.abc import Mapping
from typing import assert_never

from bot.chat.text import Text
from bot.chat.ui.amounts import HOUR, duration, rough_duration
from bot.chat.ui.card import (
    AMBER,
    DARK,
    GREEN,
    NO_MEDIA,
    RED,
    Card,
    CardMedia,
    CardText,
    credits_words,
    relative_timestamp,
)
from bot.chat.ui.info_card import mention
from bot.chat.ui.order_summary import chosen_words
from bot.chat.ui.states import JobState, state_of
from bot.jobs.job import Job, Reason, State
from bot.media.types import Compromise
from bot.models import FaceModel
from bot.moderation.strikes import Strike

# Longest error message of Segmind and longest URL that leave enough space for the rest of the card.
DETAIL_LIMIT, LINK_LIMIT = 900, 1500
# Segmind keeps an output for seven days from the end of the job, which is later than its submission.
OUTPUT_SECONDS = 7 * 24 * 3600

# Sentences about results that exist, but that nobody may see, or not yet.
KEPT_BACK: Mapping[Reason, tuple[str, str]] = {
    Reason.WITHHELD: ("end.withheld", "end.withheld_note"),
    Reason.AWAITED: ("end.awaited", "end.awaited_note"),
    Reason.UNHEARD: ("end.unheard", "end.unheard_note"),
    Reason.REJECTED: ("end.rejected", "end.rejected_note"),
    Reason.LAPSED: ("end.lapsed", "end.lapsed_note"),
    Reason.FILTERED: ("end.filtered", "end.filtered_note"),
    Reason.UNSHARED: ("end.unshared", "end.unshared_note"),
}


_COMPROMISES: Mapping[Compromise, str] = {
    Compromise.REDUCED: "end.gif_reduced",
    Compromise.WEBP: "end.gif_as_webp",
    Compromise.VIDEO: "end.gif_as_video",
}


def end_card(
    model: type[FaceModel],
    job: Job,
    text: Text,
    media: CardMedia = NO_MEDIA,
    strike: Strike | None = None,
) -> Card:
    """Card of a settled job, with its result where `media` has one."""
    match job.state:
        case State.DONE if job.reason is not None and job.reason in KEPT_BACK:
            return _kept_back_card(model, job, job.reason, text, media)
        case State.DONE:
            return _done_card(model, job, text, media)
        case State.BLOCKED:
            lines = [text("end.blocked") + _quoted(job.detail, text), text("end.advice_blocked")]
            if strike is not None:
                lines.append(_strike_line(strike, text))
        case State.EXPIRED:
            lines = [text("end.expired"), text("end.advice_expired")]
        case State.CANCELLED:
            lines = [text("end.cancelled")]
        case _:
            lines = _failure(job, text)
    colour = DARK if job.state in {State.CANCELLED, State.EXPIRED} else RED
    free = text("end.free", price=credits_words(job.price, text))
    words = CardText(state_of(job.state, job.reason), lines, [free, _chosen(model, job)])
    return Card(model.card, colour, words, text, media)


def _done_card(model: type[FaceModel], job: Job, text: Text, media: CardMedia) -> Card:
    price = credits_words(job.price, text)
    if media.shown is not None:
        lines: list[str] = []
        paid = "end.paid" if media.before is None else "end.paid_beside"
        if media.shown.compromise is not None:
            lines.append(text(_COMPROMISES[media.shown.compromise]))
    else:
        lines, paid = [text("end.not_shown"), _link(job, text)], "end.paid"
    small = [text(paid, price=price), chosen_words(model, job)]
    return Card(model.card, GREEN, CardText(JobState.DONE, lines, small, _done(job, text)), text, media)


def _kept_back_card(model: type[FaceModel], job: Job, reason: Reason, text: Text, media: CardMedia) -> Card:
    """Card of a result that is not shown. The note tells what happened to the credits, since it was paid."""
    line, note = KEPT_BACK[reason]
    colour = AMBER if reason is Reason.AWAITED else DARK
    lines = [text(line), text(note, price=credits_words(job.price, text))]
    return Card(model.card, colour, CardText(state_of(job.state, reason), lines), text, media)


def elsewhere_card(
    model: type[FaceModel], job: Job, text: Text, media: CardMedia = NO_MEDIA, *, arrived: bool
) -> Card:
    """Card in the channel for a result that goes to the member in private."""
    note = text("end.sent" if arrived else "end.not_sent", member=mention(job.place.user_id))
    paid = text("end.paid", price=credits_words(job.price, text))
    words = CardText(JobState.DONE, [note], [paid], _done(job, text))
    return Card(model.card, GREEN if arrived else DARK, words, text, media)


def _strike_line(strike: Strike, text: Text) -> str:
    rules = strike.rules
    facts = {"number": strike.number, "most": rules.strikes, "days": f"{rules.strike_days:g}"}
    if strike.paused_until is not None:
        return text("end.last_strike", until=relative_timestamp(strike.paused_until), **facts)
    return text("end.strike", pause=rough_duration(rules.pause_hours * HOUR, text), **facts)


def _done(job: Job, text: Text) -> str:
    took = (job.settled_at or job.created_at) - (job.submitted_at or job.created_at)
    # On a phone, the title may need two lines; the number and its unit stay on the same one.
    return text("end.done", seconds=duration(took, text).replace(" ", "\N{NO-BREAK SPACE}"))


def _chosen(model: type[FaceModel], job: Job) -> str:
    return "" if job.place.direct and not job.place.hidden else chosen_words(model, job)


def _link(job: Job, text: Text) -> str:
    if not job.output or len(job.output) > LINK_LIMIT:
        return ""
    return text("end.link", url=job.output, until=_until(job))


def _until(job: Job) -> str:
    """Discord timestamp of when Segmind deletes the result, rather a little too early than too late."""
    return f"<t:{int((job.submitted_at or job.created_at) + OUTPUT_SECONDS)}:f>"


def _failure(job: Job, text: Text) -> list[str]:
    match job.reason:
        case Reason.SEGMIND | None:
            return [text("end.failed") + _quoted(job.detail, text), text("end.advice_failed")]
        case Reason.PARAMETERS:
            return [text("end.parameters") + _quoted(job.detail, text), text("end.advice_parameters")]
        case Reason.SERVICE:
            return [text("end.service"), text("end.advice_service")]
        case Reason.UNREACHABLE:
            return [text("end.unreachable"), text("end.advice_unreachable")]
        case Reason.NOT_FOUND:
            return [text("end.not_found"), text("end.advice_not_found")]
        case Reason.FORGOTTEN:
            return [text("end.forgotten"), text("end.advice_forgotten")]
        case Reason.RESULT:
            return [text("end.result"), text("end.advice_result")]
        case (
            Reason.WITHHELD
            | Reason.AWAITED
            | Reason.UNHEARD
            | Reason.REJECTED
            | Reason.LAPSED
            | Reason.FILTERED
            | Reason.UNSHARED
        ):
            # A job that is kept back is DONE, so these reasons only complete the match.
            return [text("end.result"), text("end.advice_result")]
        case _:
            assert_never(job.reason)


def _quoted(detail: str | None, text: Text) -> str:
    """Quote Segmind in a code block, in which Discord ignores markdown and mentions."""
    words = (detail or text("end.silence")).replace("`", "'")
    if len(words) > DETAIL_LIMIT:
        words = f"{words[: DETAIL_LIMIT - 1]}…"
    return f"\n```\n{words}\n```"
