"""The options of an order that differ from the defaults, in words for its card."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from bot.chat.ui.info_card import as_code
from bot.jobs.job import Job
from bot.models import FaceModel

SEED = "seed"
# Characters of one value, and of all values together.
VALUE_LIMIT, LIMIT = 60, 700


def chosen_words(model: type[FaceModel], job: Job) -> str:
    """The changed options, or nothing if there are none. The seed is in the menu of the card."""
    words = ""
    for name, value in _chosen(model, job):
        each = f"{name} {as_code(str(value), VALUE_LIMIT)}"
        if len(words) + len(each) > LIMIT:
            return f"{words} …"
        words = f"{words} · {each}" if words else each
    return words


def _chosen(model: type[FaceModel], job: Job) -> Iterator[tuple[str, Any]]:
    try:
        ordered = model.model_validate(dict(job.body))
    except ValidationError:
        # The model's declaration has changed since this order.
        return
    yield from (
        (name, value) for name, value in ordered.changed_options().items() if value != "" and name != SEED
    )
