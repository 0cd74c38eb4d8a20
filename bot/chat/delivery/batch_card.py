"""Card of a batch: how far its jobs are, a gallery of their results, and what became of the others."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.chat.delivery.job_buttons import batch_rows
from bot.chat.delivery.progress_card import FREE, bar, stage_words
from bot.chat.text import Text
from bot.chat.ui.card import BLUE, DARK, GREEN, Attachment, Card, CardMedia, CardText, credits_words
from bot.chat.ui.info_card import as_code, mention
from bot.chat.ui.order_summary import chosen_words
from bot.chat.ui.states import JobState, state_of
from bot.jobs.delivery import Delivery
from bot.jobs.job import Job, State
from bot.jobs.stages import Stage
from bot.models import FaceModel

DETAIL_LIMIT = 100


def batch_card(
    model: type[FaceModel],
    jobs: Sequence[Job],
    stages: Mapping[str, Stage],
    gallery: Mapping[str, Attachment],
    text: Text,
    *,
    now: float,
) -> Card:
    """Draw the jobs in their order; `stages` and `gallery` are by job."""
    open_jobs = [job for job in jobs if not _is_over(job, gallery)]
    colour, state, title, lines = _state(jobs, open_jobs, stages, text, now=now)
    lines += [
        text("batch.item", number=number, state=_ending(job, text))
        for number, job in enumerate(jobs, 1)
        if job not in open_jobs and job.id not in gallery
    ]
    place = jobs[0].place
    chosen = "" if place.direct and not place.hidden else chosen_words(model, jobs[0])
    media = CardMedia(
        gallery=[gallery[job.id] for job in jobs if job.id in gallery],
        spoiler=place.spoiler,
        rows=batch_rows(jobs, text, public=not place.hidden),
    )
    words = CardText(state, lines, [_price(jobs, open_jobs, text), chosen], title)
    return Card(model.card, colour, words, text, media)


def _is_over(job: Job, gallery: Mapping[str, Attachment]) -> bool:
    """Return whether the card shows how the job ended; a result that is not delivered yet is awaited."""
    if not job.state.settled:
        return False
    return job.state is not State.DONE or job.id in gallery or job.is_kept_back or job.delivery is not None


def _state(
    jobs: Sequence[Job],
    open_jobs: Sequence[Job],
    stages: Mapping[str, Stage],
    text: Text,
    *,
    now: float,
) -> tuple[int, JobState, str, list[str]]:
    """Colour, state, title and lines."""
    done = sum(job.state is State.DONE and not job.is_kept_back for job in jobs if job not in open_jobs)
    title = text("batch.done", done=done, total=len(jobs))
    if not open_jobs:
        colour, state = (GREEN, JobState.DONE) if done else (DARK, _state_of(jobs[0]))
        return colour, state, title, []
    first = stages.get(open_jobs[0].id)
    if len(open_jobs) == len(jobs) and isinstance(first, FREE):
        colour, words = stage_words(first, now, text)
        return colour, words.state, "", [*words.lines]
    states = Counter(_open_state_of(job).words(text) for job in open_jobs)
    counts = " · ".join(f"{words}: {count}" for words, count in states.items())
    return BLUE, JobState.PROCESSING, title, [bar(len(jobs) - len(open_jobs), len(jobs)), counts]


def _state_of(job: Job) -> JobState:
    is_awaited = job.state is State.DONE and job.delivery == Delivery.AWAITED
    return JobState.AWAITED if is_awaited else state_of(job.state, job.reason)


def _open_state_of(job: Job) -> JobState:
    """State of a job that the card still waits for: once it is done, only its result is missing."""
    return JobState.FETCHING if job.state is State.DONE else _state_of(job)


def _ending(job: Job, text: Text) -> str:
    """End of a job whose result the card does not show."""
    state = _state_of(job)
    if state is not JobState.DONE:
        detail = as_code(job.detail or "", DETAIL_LIMIT)
        return f"{state.label(text)} {detail}".strip()
    if job.delivery == Delivery.DIRECT:
        return text("end.sent", member=mention(job.place.user_id))
    return text("end.not_shown")


def _price(jobs: Sequence[Job], open_jobs: Sequence[Job], text: Text) -> str:
    paid = sum(
        job.price
        for job in jobs
        if job.state is State.DONE and not (job.reason is not None and job.reason.is_refunded)
    )
    total = sum(job.price for job in jobs)
    if open_jobs:
        return text("stage.price", price=credits_words(total, text))
    if paid == total:
        return text("end.paid", price=credits_words(paid, text))
    return text("batch.paid", price=credits_words(paid, text), back=credits_words(total - paid, text))
