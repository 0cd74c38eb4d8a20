"""Reads the state of a job from the text of a reply."""

import re
from collections.abc import Mapping, Sequence

from yarl import URL

from bot.jobs.job import State
from tests.discord.records import Attachment, Message
from tests.discord.rules import components, entries
from tests.discord.user import Reply
from tests.wording import wording

# Words that a reply shows for each outcome.
ENDS: Mapping[State, tuple[str, ...]] = {
    State.DONE: ("Completed",),
    State.FAILED: ("Failed", wording("state.refused"), wording("state.unavailable"), "Lost on the way"),
    State.BLOCKED: ("Blocked",),
    State.EXPIRED: ("Expired",),
    State.CANCELLED: ("Cancelled",),
}
# A batch counts its results; while a job is open, a bar stands below.
_BATCH = re.compile(r"· \d+ of \d+ done(?:\n(?P<bar>[▰▱]))?")
STAGES = ("Waiting in line", "Trying again", "Queued", "Processing", "Checking")


def shows(reply: Reply, state: State) -> bool:
    """Return whether the reply shows the outcome of a job in this state."""
    return any(f"· {word}" in reply.text for word in ENDS.get(state, ()))


def ended(reply: Reply) -> bool:
    """Return whether the reply shows an outcome or a rejection, or was deleted for a private rejection."""
    return reply.deleted or (bool(reply.text) and not shows_stage(reply.text))


def rejected(reply: Reply) -> bool:
    """Return whether the reply ends without ever having been a job."""
    return ended(reply) and not shows_outcome(reply.text)


def was_accepted(reply: Reply) -> bool:
    """Return whether the member ever saw that the order became a job."""
    return any(shows_stage(text) or shows_outcome(text) for text in reply.texts)


def shows_outcome(text: str) -> bool:
    batch = _BATCH.search(text)
    if batch is not None:
        return batch["bar"] is None
    return any(f"· {word}" in text for words in ENDS.values() for word in words)


def shows_stage(text: str) -> bool:
    batch = _BATCH.search(text)
    if batch is not None:
        return batch["bar"] is not None
    return any(f"· {word}" in text for word in STAGES)


def gallery(reply: Reply) -> Sequence[Attachment]:
    """Return the files that the reply shows, in the order of its galleries."""
    message = reply.interaction.message
    if message is None:
        return []
    files = {each.filename: each for each in message.attachments}
    items = [each for part in components(message.components) for each in entries(part.get("items"))]
    # An address is an attachment's name, or Discord's own URL.
    names = [URL(each["media"]["url"]).name or URL(each["media"]["url"]).host for each in items]
    return [files[name] for name in names if name in files]


def job_buttons(message: Message) -> Mapping[str, str]:
    """Return the custom ids of a message's buttons for a job, by action."""
    ids = [str(each.get("custom_id", "")).split(":") for each in components(message.components)]
    return {each[1]: ":".join(each) for each in ids if each[0] == "job"}
